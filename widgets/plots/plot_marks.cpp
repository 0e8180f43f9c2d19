#include "widgets/plots/plot_marks.h"

#include "widgets/colours.h"
#include "widgets/plots/qcp.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

constexpr double pixelsBetweenMarks = 4; ///< Closer ones would be one blot.

double positionOf(const PlotMark& mark, AxisUnit unit)
{
    return mark.clock ? mark.clock->position(mark.step, unit) : mark.step;
}

bool crosses(PlotMark::Kind kind)
{
    return kind == PlotMark::Kind::Resumed || kind == PlotMark::Kind::Changed;
}

} // namespace

PlotMarks::PlotMarks(QCustomPlot* plot)
    : QObject(plot)
    , plot_(plot)
{
    // The second vertical axis is never seen; it runs from 0 at the lower edge to 1 at the upper one.
    plot_->yAxis2->setRange(0, 1);
    using enum QCPScatterStyle::ScatterShape;
    constexpr std::array shapes = {ssTriangle, ssDiamond, ssDisc, ssCross, ssTriangleInverted};
    for (std::size_t i = 0; i < kinds; ++i) {
        graphs_[i] = plot_->addGraph(plot_->xAxis, plot_->yAxis2);
        graphs_[i]->setLineStyle(crosses(static_cast<PlotMark::Kind>(i)) ? QCPGraph::lsImpulse : QCPGraph::lsNone);
        graphs_[i]->setScatterStyle(QCPScatterStyle(shapes[i], 7));
        graphs_[i]->setAdaptiveSampling(false);
    }
    applyColours();
}

void PlotMarks::set(std::vector<PlotMark> marks)
{
    marks_ = std::move(marks);
}

void PlotMarks::draw(const ShownRange& shown)
{
    const double reach = pixelsBetweenMarks / std::max(1, shown.columns) * (shown.to - shown.from);
    std::array<Points, kinds> points;
    for (const auto& mark : marks_) {
        const double x = positionOf(mark, shown.unit);
        auto& ofKind = points[static_cast<std::size_t>(mark.kind)];
        const bool inside = x >= shown.from && x <= shown.to; // false for a mark without a place on this axis
        if (!inside || (!ofKind.x.isEmpty() && std::abs(x - ofKind.x.back()) < reach))
            continue;
        ofKind.x.push_back(x);
        ofKind.y.push_back(crosses(mark.kind) ? 0.96 : 0.03);
    }
    for (std::size_t i = 0; i < kinds; ++i)
        graphs_[i]->setData(points[i].x, points[i].y, false); // marks of several runs are in no order
}

void PlotMarks::applyColours()
{
    const auto& colours = themeColours();
    const std::array<QColor, kinds> hues = {colours.secondary, colours.hue(Hue::Yellow), colours.hue(Hue::Green),
                                            colours.problem(), colours.problem()};
    for (std::size_t i = 0; i < kinds; ++i) {
        graphs_[i]->setPen(QPen(hues[i], 1, Qt::DotLine));
        auto style = graphs_[i]->scatterStyle();
        style.setPen(QPen(hues[i], 1.5));
        style.setBrush(hues[i]);
        graphs_[i]->setScatterStyle(style);
    }
}

QStringList PlotMarks::near(double position, double reach, AxisUnit unit, int most) const
{
    QStringList found;
    for (const auto& mark : marks_) {
        if (std::abs(positionOf(mark, unit) - position) <= reach && found.size() < most)
            found << mark.text;
    }
    return found;
}

} // namespace nanodit
