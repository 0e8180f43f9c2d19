#include "core/validate/line_chart.h"

#include "core/runtime/number_text.h"
#include "core/validate/html.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace nanodit::html {

namespace {

constexpr double width = 520, plot = 158, left = 52, right = 14, bottom = 38;
constexpr double legendTop = 27, legendLine = 18;
constexpr std::array dashes = {"", "7 4", "2 4", "10 4 2 4", "4 2", "1 3"};
constexpr std::size_t styles = dashes.size();

std::string number(double value, int decimals = 1)
{
    return decimalText(value, decimals); // SVG knows no decimal comma
}

struct Range {
    double low = 0, high = 1;
    double span() const { return high - low; }
};

/// Of steps and values, widened a little and never empty.
std::pair<Range, Range> rangesOf(const std::vector<ChartCurve>& curves)
{
    Range steps{1e300, -1e300}, values{1e300, -1e300};
    for (const auto& curve : curves) {
        for (const auto& point : curve.points) {
            steps.low = std::min(steps.low, static_cast<double>(point.step));
            steps.high = std::max(steps.high, static_cast<double>(point.step));
            values.low = std::min({values.low, point.mean, point.interval ? point.interval->low : point.mean});
            values.high = std::max({values.high, point.mean, point.interval ? point.interval->high : point.mean});
        }
    }
    if (steps.span() <= 0)
        steps = {steps.low - 1, steps.high + 1};
    const double middle = (values.low + values.high) / 2;
    // A curve that hardly moves must not fill the chart with its noise.
    const double span = std::max({values.span(), 0.1 * std::abs(middle), 1e-6}) * 1.12;
    return {steps, {middle - span / 2, middle + span / 2}};
}

/// A disc, square, triangle or diamond.
std::string mark(std::size_t index, double x, double y)
{
    switch (index % 4) {
    case 0:
        return "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"3.5\"/>";
    case 1:
        return "<rect x=\"" + number(x - 3.2) + "\" y=\"" + number(y - 3.2) + "\" width=\"6.4\" height=\"6.4\"/>";
    case 2:
        return "<path d=\"M" + number(x) + " " + number(y - 4.4) + "l4.4 7.6h-8.8z\"/>";
    default:
        return "<path d=\"M" + number(x) + " " + number(y - 4.6) + "l4.6 4.6-4.6 4.6-4.6-4.6z\"/>";
    }
}

/// Where each curve's entry begins: beside the one before as long as it ends within the chart, or else below.
std::vector<std::pair<double, double>> legendPlaces(const std::vector<ChartCurve>& curves)
{
    constexpr double lineAndGap = 48, letter = 6.6;
    std::vector<std::pair<double, double>> places;
    double x = 0, y = legendTop;
    for (const auto& curve : curves) {
        if (curve.points.empty()) {
            places.emplace_back(x, y);
            continue;
        }
        const double length = lineAndGap + letter * static_cast<double>(curve.name.size());
        if (x > 0 && x + length > width) {
            x = 0;
            y += legendLine;
        }
        places.emplace_back(x, y);
        x += length;
    }
    return places;
}

} // namespace

std::vector<double> axisTicks(double low, double high, int count)
{
    const double rough = (high - low) / std::max(1, count);
    const double power = std::pow(10, std::floor(std::log10(rough)));
    const double step = rough / power <= 1   ? power
                        : rough / power <= 2 ? 2 * power
                        : rough / power <= 5 ? 5 * power
                                             : 10 * power;
    std::vector<double> ticks;
    for (double i = std::ceil(low / step); i * step <= high + 1e-9 * step; ++i)
        ticks.push_back(i * step + 0.0); // a negative zero becomes a plain one
    return ticks;
}

std::string lineChart(const std::string& title, const std::vector<ChartCurve>& curves, int decimals, bool marks)
{
    if (std::all_of(curves.begin(), curves.end(), [](const auto& curve) { return curve.points.empty(); }))
        return {};
    const auto ranges = rangesOf(curves);
    const auto& steps = ranges.first;
    const auto& values = ranges.second;
    const auto legend = legendPlaces(curves);
    const double top = legend.back().second + legendLine - 1, height = top + plot + bottom;
    const auto xOf = [&](double step) { return left + (step - steps.low) / steps.span() * (width - left - right); };
    const auto yOf = [&](double value) {
        return height - bottom - (value - values.low) / values.span() * (height - top - bottom);
    };
    std::string svg = "<svg viewBox=\"0 0 " + number(width, 0) + " " + number(height, 0) +
                      "\" width=\"100%\" role=\"img\" aria-label=\"" + escaped(title) +
                      " over steps\"><text class=\"name\" "
                      "x=\"0\" y=\"14\">" +
                      escaped(title) + "</text>\n";
    for (const double tick : axisTicks(values.low, values.high, 4))
        svg += "<path class=\"axis\" d=\"M" + number(left) + " " + number(yOf(tick)) + "H" + number(width - right) +
               "\"/><text x=\"" + number(left - 8) + "\" y=\"" + number(yOf(tick) + 4) + "\" text-anchor=\"end\">" +
               number(tick, decimals) + "</text>\n";
    for (const double tick : axisTicks(steps.low, steps.high, 5)) {
        if (tick == std::floor(tick))
            svg += "<text x=\"" + number(xOf(tick)) + "\" y=\"" + number(height - bottom + 16) +
                   "\" text-anchor=\"middle\">" + number(tick, 0) + "</text>\n";
    }
    svg +=
        "<text x=\"" + number(width - right) + "\" y=\"" + number(height - 5) + "\" text-anchor=\"end\">step</text>\n";
    for (std::size_t i = 0; i < curves.size(); ++i) {
        if (curves[i].points.empty())
            continue;
        const auto colour = std::string("var(--s").append(std::to_string(i % styles)).append(")");
        svg += "<g style=\"stroke:" + colour + ";fill:" + colour + "\">";
        std::string path;
        for (const auto& point : curves[i].points) {
            const double x = xOf(static_cast<double>(point.step)), y = yOf(point.mean);
            path += path.empty() ? 'M' : 'L';
            path += number(x) + " " + number(y);
            if (point.interval)
                svg += "<path d=\"M" + number(x) + " " + number(yOf(point.interval->low)) + "V" +
                       number(yOf(point.interval->high)) + "\" opacity=\"0.6\"/>";
            if (marks)
                svg += mark(i, x, y);
        }
        const auto stroke = "\" style=\"fill:none\" stroke-width=\"1.8\" stroke-dasharray=\"" +
                            std::string(dashes[i % styles]) + "\"/>";
        const auto [x, y] = legend[i];
        svg += "<path d=\"" + path + stroke + "<path d=\"M" + number(x) + " " + number(y) + "h22" + stroke;
        if (marks)
            svg += mark(i, x + 11, y);
        svg += "</g><text x=\"" + number(x + 28) + "\" y=\"" + number(y + 4) + "\">" + escaped(curves[i].name) +
               "</text>\n";
    }
    return svg + "</svg>\n";
}

} // namespace nanodit::html
