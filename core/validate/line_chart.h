#pragma once

#include "core/validate/comparison.h"

#include <string>
#include <vector>

namespace nanodit::html {

/// A curve of a chart. Its place in the list decides colour, dashes and mark, so that curves are told apart without
/// colours too. One without points is not drawn but keeps its place: others look the same in every chart of a page.
struct ChartCurve {
    std::string name;
    std::vector<CoursePoint> points; ///< By step; intervals are drawn as whiskers.
};

/// Curves over training steps as an <svg> that takes its colours from pageBegin's style; empty without a point.
std::string lineChart(const std::string& title, const std::vector<ChartCurve>& curves, int decimals, bool marks);

/// Numbers at which an axis over [low, high] is labelled: about `count` of them, 1, 2 or 5 times a power of ten apart.
std::vector<double> axisTicks(double low, double high, int count);

} // namespace nanodit::html
