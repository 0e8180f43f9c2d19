#include "widgets/drop_hint.h"

#include "widgets/colours.h"
#include "widgets/icons.h"

#include <QPainter>

namespace nanodit {

namespace {
constexpr int hintMargin = 16, drawingSide = 32;
}

DropHint::DropHint(QWidget* parent)
    : QWidget(parent)
{
    setAttribute(Qt::WA_TransparentForMouseEvents); // what lies below it is what is dropped on
    hide();
}

void DropHint::show(const QString& text)
{
    text_ = text;
    setAccessibleName(text);
    setGeometry(parentWidget()->rect());
    raise();
    QWidget::show();
    update();
}

void DropHint::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    auto veil = colours.window;
    veil.setAlphaF(0.86F);
    painter.fillRect(rect(), veil);
    painter.setPen(QPen(colours.accent, 2, Qt::DashLine));
    painter.drawRoundedRect(rect().adjusted(hintMargin, hintMargin, -hintMargin, -hintMargin), 8, 8);
    const QRect drawing(width() / 2 - drawingSide / 2, height() / 2 - drawingSide - 8, drawingSide, drawingSide);
    icon(QStringLiteral("import")).paint(&painter, drawing);
    painter.setPen(colours.text);
    painter.drawText(rect().adjusted(2 * hintMargin, height() / 2, -2 * hintMargin, 0),
                     Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap, text_);
}

} // namespace nanodit
