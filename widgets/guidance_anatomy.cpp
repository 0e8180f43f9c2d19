#include "widgets/guidance_anatomy.h"

#include "widgets/colours.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

using Step = GuidanceAnatomy::Step;
using Term = GuidanceAnatomy::Term;

constexpr double leftRoom = 44, rightRoom = 12, topRoom = 22, bottomRoom = 20;

QString number(double value)
{
    return QString::number(value, 'f', 2);
}

} // namespace

GuidanceAnatomy::GuidanceAnatomy(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleName(tr("Guidance by step"));
}

void GuidanceAnatomy::setSteps(std::vector<Step> steps)
{
    steps_ = std::move(steps);
    highest_ = 0;
    for (const auto& step : steps_) {
        for (const auto& term : {step.text, step.dino})
            highest_ = std::max(highest_, term ? term->length : 0);
    }
    if (highest_ <= 0)
        highest_ = 1;
    update();
}

QRectF GuidanceAnatomy::plot() const
{
    return QRectF(rect()).adjusted(leftRoom, topRoom, -rightRoom, -bottomRoom);
}

double GuidanceAnatomy::xOf(const Step& step) const
{
    const auto area = plot();
    return area.left() + (1 - step.t) * area.width();
}

void GuidanceAnatomy::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    if (steps_.empty()) {
        painter.setPen(colours.secondary);
        painter.drawText(rect(), Qt::AlignCenter, tr("Generate a picture to see what guidance does at each step"));
        return;
    }
    const auto area = plot();
    const auto yOf = [&](double value) { return area.bottom() - value / highest_ * area.height(); };

    for (std::size_t i = 0; i < steps_.size(); ++i) { // a step reaches to the next one
        if (steps_[i].applies)
            continue;
        const double from = xOf(steps_[i]), to = i + 1 < steps_.size() ? xOf(steps_[i + 1]) : area.right();
        painter.fillRect(QRectF(from, area.top(), to - from, area.height()), colours.raised);
    }
    painter.setPen(colours.line);
    for (const double share : {0.0, 0.5, 1.0})
        painter.drawLine(QPointF(area.left(), yOf(share * highest_)), QPointF(area.right(), yOf(share * highest_)));
    painter.setPen(colours.secondary);
    for (const double share : {0.0, 0.5, 1.0})
        painter.drawText(QRectF(0, yOf(share * highest_) - 8, leftRoom - 6, 16), Qt::AlignRight | Qt::AlignVCenter,
                         number(share * highest_));
    for (const double t : {1.0, 0.5, 0.0}) {
        const double x = area.left() + (1 - t) * area.width();
        painter.drawText(QRectF(x - 40, area.bottom() + 3, 80, 16), Qt::AlignHCenter,
                         t == 1   ? tr("t = 1 (noise)")
                         : t == 0 ? tr("0")
                                  : QString::number(t));
    }

    double legend = area.left();
    const auto curve = [&](std::optional<Term> Step::*term, double Term::*value, const QColor& colour,
                           Qt::PenStyle style, const QString& name) {
        QPolygonF line;
        for (const auto& step : steps_) {
            if (step.*term)
                line << QPointF(xOf(step), yOf((*(step.*term)).*value));
        }
        if (line.isEmpty())
            return;
        painter.setPen(QPen(colour, 1.8, style));
        painter.drawPolyline(line);
        painter.drawLine(QPointF(legend, topRoom / 2), QPointF(legend + 18, topRoom / 2));
        painter.setPen(colours.text);
        const double width = painter.fontMetrics().horizontalAdvance(name);
        painter.drawText(QRectF(legend + 22, 2, width + 2, topRoom - 4), Qt::AlignLeft | Qt::AlignVCenter, name);
        legend += width + 38;
    };
    const auto textColour = colours.hue(meaning::text), dinoColour = colours.hue(meaning::patches);
    curve(&Step::text, &Term::length, textColour, Qt::SolidLine, tr("text term"));
    curve(&Step::text, &Term::across, textColour, Qt::DashLine, tr("across"));
    curve(&Step::dino, &Term::length, dinoColour, Qt::SolidLine, tr("DINO term"));
    curve(&Step::dino, &Term::across, dinoColour, Qt::DashLine, tr("across"));
}

QString GuidanceAnatomy::readingAt(double x) const
{
    if (steps_.empty())
        return {};
    const auto& nearest = *std::ranges::min_element(
        steps_, [&](const Step& a, const Step& b) { return std::abs(xOf(a) - x) < std::abs(xOf(b) - x); });
    auto text = tr("t = %1").arg(number(nearest.t));
    if (!nearest.applies)
        text += tr("\nno guidance: outside the interval");
    if (nearest.text)
        text += tr("\ntext term %1, %2 across, %3 along")
                    .arg(number(nearest.text->length), number(nearest.text->across), number(nearest.text->parallel));
    if (nearest.dino)
        text += tr("\nDINO term %1, %2 across, %3 along")
                    .arg(number(nearest.dino->length), number(nearest.dino->across), number(nearest.dino->parallel));
    if (nearest.zeroScale != 1)
        text += tr("\nno conditions × %1 (CFG-Zero*)").arg(number(nearest.zeroScale));
    return text;
}

bool GuidanceAnatomy::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* const help = static_cast<QHelpEvent*>(event);
        QToolTip::showText(help->globalPos(), readingAt(help->pos().x()), this);
        return true;
    }
    return QWidget::event(event);
}

} // namespace nanodit
