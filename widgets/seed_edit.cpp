#include "widgets/seed_edit.h"

#include <QKeyEvent>
#include <QLineEdit>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

namespace nanodit {

SeedEdit::SeedEdit(QWidget* parent)
    : QAbstractSpinBox(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setCorrectionMode(QAbstractSpinBox::CorrectToPreviousValue);
    lineEdit()->setText(QString::number(value_));
    connect(lineEdit(), &QLineEdit::textEdited, this, [this](const QString& text) {
        bool isNumber = false;
        if (const auto typed = text.toULongLong(&isNumber); isNumber)
            take(typed);
    });
    connect(this, &QAbstractSpinBox::editingFinished, this, [this] { setValue(value_); });
}

void SeedEdit::setValue(quint64 value)
{
    lineEdit()->setText(QString::number(value));
    take(value);
}

void SeedEdit::take(quint64 value)
{
    if (value == value_)
        return;
    value_ = value;
    Q_EMIT valueChanged(value_);
}

void SeedEdit::stepBy(int steps)
{
    const auto by = static_cast<quint64>(std::abs(steps));
    constexpr auto largest = std::numeric_limits<quint64>::max();
    if (steps < 0)
        setValue(value_ - std::min(by, value_));
    else
        setValue(value_ + std::min(by, largest - value_));
    selectAll();
}

bool SeedEdit::event(QEvent* event)
{
    if (event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Return || key == Qt::Key_Enter) // what starts now starts with what is shown
            setValue(value_);
    }
    return QAbstractSpinBox::event(event);
}

QAbstractSpinBox::StepEnabled SeedEdit::stepEnabled() const
{
    if (isReadOnly())
        return StepNone;
    StepEnabled enabled = StepNone;
    enabled.setFlag(StepUpEnabled, value_ < std::numeric_limits<quint64>::max());
    enabled.setFlag(StepDownEnabled, value_ > 0);
    return enabled;
}

QValidator::State SeedEdit::validate(QString& text, int&) const
{
    if (text.isEmpty())
        return QValidator::Intermediate;
    for (const auto digit : std::as_const(text)) {
        if (digit < QLatin1Char('0') || digit > QLatin1Char('9'))
            return QValidator::Invalid;
    }
    bool fits = false;
    text.toULongLong(&fits);
    return fits ? QValidator::Acceptable : QValidator::Invalid;
}

void SeedEdit::fixup(QString& text) const
{
    text = QString::number(value_);
}

} // namespace nanodit
