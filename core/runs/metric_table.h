#pragma once

/// Every number of a training step, described once: metrics.jsonl, TensorBoard, the command line, cards, plots and the
/// check of a run read it from here.

#include "core/runs/step_metrics.h"

#include <optional>
#include <string>
#include <vector>

namespace nanodit {

enum class MetricScale { Linear, Logarithmic };

/// Values between the two, both included, are healthy.
struct HealthyRange {
    double low = 0, high = 0;
    bool holds(double value) const { return value >= low && value <= high; }
};

/// How people see a number.
struct MetricText {
    std::string key;   ///< Path in metrics.jsonl and TensorBoard's tag: "loss", "loss_by_t/0-0.25".
    std::string label; ///< "Loss"
    std::string unit;  ///< "samples/s"; empty for a number without one.
    std::string help;  ///< One sentence: what it is.
    int decimals = 3;
    MetricScale scale = MetricScale::Linear;
    std::optional<HealthyRange> healthy = {};
};

/// A number of a step.
struct StepMetric {
    enum class Stored { Number, Count, Flag }; ///< In metrics.jsonl: a number or null, an integer, true or false.

    MetricText text;
    Stored stored = Stored::Number;
    double (*value)(const StepMetrics&); ///< Not-a-number for what a step did not have.
    void (*set)(StepMetrics&, double);
};
/// In the order of metrics.jsonl.
const std::vector<StepMetric>& stepMetricTable();
/// Throws UsageError for an unknown key.
const StepMetric& stepMetric(const std::string& key);

/// A number of a block's cross attention; its tags end in the block: "attention/text/0".
struct BlockMetric {
    MetricText text;
    double BlockAttention::*value;
};
const std::vector<BlockMetric>& blockMetricTable();
/// Numbers that a run measures at intervals, each a line of metrics.jsonl by itself: what raw and averaged previews
/// differ by, and losses under parts of the conditions, "worth/val/caption_gain". In the order of metrics.jsonl.
const std::vector<MetricText>& intervalMetricTable();
/// How people see a number of a step, of its blocks, or of an interval. Throws UsageError for an unknown key.
const MetricText& metricText(const std::string& key);
/// Mean over the blocks; not-a-number for a step that measured no attention.
double meanOverBlocks(const StepMetrics& metrics, const BlockMetric& metric);

} // namespace nanodit
