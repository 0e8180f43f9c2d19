#include "widgets/fitted_label.h"

#include <QPainter>
#include <QStyle>

namespace nanodit {

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

void FittedLabel::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    style()->drawItemText(&painter, contentsRect(), static_cast<int>(alignment()), palette(), isEnabled(), shownText(),
                          foregroundRole());
}

} // namespace nanodit
