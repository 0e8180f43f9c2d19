#include "widgets/number_edit.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace nanodit {

NumberEdit::NumberEdit(Kind kind, double minimum, double maximum, const QString& unit, QWidget* parent)
    : QAbstractSpinBox(parent)
    , kind_(kind)
    , minimum_(minimum)
    , maximum_(maximum)
    , unit_(unit.isEmpty() ? QString() : QLatin1Char(' ') + unit)
{
    setFocusPolicy(Qt::StrongFocus);
    setCorrectionMode(QAbstractSpinBox::CorrectToPreviousValue);
    connect(this, &QAbstractSpinBox::editingFinished, this, &NumberEdit::takeText);
    connect(lineEdit(), &QLineEdit::textEdited, this, &NumberEdit::takeTyped);
    value_ = std::clamp(0.0, minimum_, maximum_);
    lineEdit()->setText(textOf(value_));
}

void NumberEdit::setValue(double value)
{
    value = std::clamp(kind_ == Kind::Whole ? std::round(value) : value, minimum_, maximum_);
    lineEdit()->setText(textOf(value));
    lineEdit()->setCursorPosition(0); // in a narrow box the number shows, not the end of the unit
    if (value == value_)
        return;
    value_ = value;
    Q_EMIT valueChanged(value_);
}

void NumberEdit::setZeroText(const QString& text)
{
    zeroText_ = text;
    lineEdit()->setText(textOf(value_));
}

void NumberEdit::stepBy(int steps)
{
    takeText();
    const double magnitude = std::abs(value_);
    double step = magnitude > 0 ? std::pow(10.0, std::floor(std::log10(magnitude * 1.000001)) - 1) : 0.1;
    if (kind_ == Kind::Whole)
        step = std::max(1.0, std::round(step));
    setValue(std::round((value_ + steps * step) / step) * step);
    selectAll();
}

QAbstractSpinBox::StepEnabled NumberEdit::stepEnabled() const
{
    StepEnabled enabled = StepNone;
    if (isReadOnly())
        return enabled;
    enabled.setFlag(StepUpEnabled, value_ < maximum_);
    enabled.setFlag(StepDownEnabled, value_ > minimum_);
    return enabled;
}

QValidator::State NumberEdit::validate(QString& text, int&) const
{
    const auto value = numberIn(text);
    if (!value)
        return QValidator::Intermediate;
    const bool whole = kind_ == Kind::Real || *value == std::round(*value);
    return whole && *value >= minimum_ && *value <= maximum_ ? QValidator::Acceptable : QValidator::Intermediate;
}

void NumberEdit::fixup(QString& text) const
{
    text = textOf(value_);
}

void NumberEdit::wheelEvent(QWheelEvent* event)
{
    // A form is scrolled with the wheel: only the box that has the focus takes it.
    if (hasFocus())
        QAbstractSpinBox::wheelEvent(event);
    else
        event->ignore();
}

QString NumberEdit::textOf(double value) const
{
    if (value == 0 && !zeroText_.isEmpty())
        return zeroText_;
    if (kind_ == Kind::Whole)
        return QString::number(value, 'f', 0) + unit_;
    return QString::number(value, 'g', 10) + unit_;
}

std::optional<double> NumberEdit::numberIn(const QString& text) const
{
    auto number = text.trimmed();
    if (!zeroText_.isEmpty() && number == zeroText_)
        return 0.0;
    if (const auto unit = unit_.trimmed(); !unit.isEmpty() && number.endsWith(unit))
        number.chop(unit.size());
    bool ok = false;
    const double value = number.trimmed().toDouble(&ok);
    return ok && std::isfinite(value) ? std::optional(value) : std::nullopt; // "nan" is read as a number, too
}

void NumberEdit::takeTyped(const QString& text)
{
    QString checked = text;
    int position = 0;
    if (validate(checked, position) != QValidator::Acceptable)
        return;
    const double value = numberIn(text).value_or(value_);
    if (value == value_)
        return;
    value_ = value;
    Q_EMIT valueChanged(value_);
}

bool NumberEdit::event(QEvent* event)
{
    if (event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Return || key == Qt::Key_Enter) // what starts now starts with what is shown
            takeText();
    }
    return QAbstractSpinBox::event(event);
}

void NumberEdit::takeText()
{
    setValue(numberIn(lineEdit()->text()).value_or(value_));
}

} // namespace nanodit
