#include "widgets/fitted_label.h"

#include "widgets/text.h"

#include <QHelpEvent>
#include <QPainter>
#include <QStyle>
#include <QToolTip>

namespace nanodit {

FittedLabel::FittedLabel(QWidget* parent)
    : QLabel(parent)
{
    setTextFormat(Qt::PlainText);
}

FittedLabel::FittedLabel(const QString& text, QWidget* parent)
    : FittedLabel(parent)
{
    setText(text);
}

void FittedLabel::setWordings(const QStringList& wordings)
{
    shorter_ = wordings.mid(1);
    setText(wordings.value(0));
    update(); // also where only a shorter one changed
}

QString FittedLabel::shownText() const
{
    const int room = contentsRect().width();
    const auto fits = [&](const QString& text) { return fontMetrics().horizontalAdvance(text) <= room; };
    if (fits(text()))
        return text();
    for (const auto& wording : shorter_) {
        if (fits(wording))
            return wording;
    }
    return fontMetrics().elidedText(shorter_.isEmpty() ? text() : shorter_.back(), Qt::ElideRight, room);
}

QSize FittedLabel::minimumSizeHint() const
{
    const auto dots = QStringLiteral("…");
    const int least = fontMetrics().horizontalAdvance(text().isEmpty() ? QString() : dots);
    return {least, QLabel::minimumSizeHint().height()};
}

bool FittedLabel::event(QEvent* event)
{
    const bool hasOwn = !toolTip().isEmpty() || (parentWidget() != nullptr && !parentWidget()->toolTip().isEmpty());
    if (event->type() != QEvent::ToolTip || hasOwn || shownText() == text())
        return QLabel::event(event);
    QToolTip::showText(static_cast<QHelpEvent*>(event)->globalPos(), toolTipOf(text()), this);
    return true;
}

void FittedLabel::paintEvent(QPaintEvent* event)
{
    if (textInteractionFlags().testFlag(Qt::TextSelectableByMouse) && shownText() == text())
        return QLabel::paintEvent(event); // with what is selected
    QPainter painter(this);
    style()->drawItemText(&painter, contentsRect(), static_cast<int>(alignment()), palette(), isEnabled(), shownText(),
                          foregroundRole());
}

} // namespace nanodit
