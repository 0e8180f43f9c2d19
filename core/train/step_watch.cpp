#include "core/train/step_watch.h"

#include "core/runtime/median.h"
#include "core/runtime/number_text.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

constexpr std::size_t window = 200;   // steps that a loss is compared with
constexpr std::size_t enough = 50;    // before that, nothing is known of how much it varies
constexpr double spikeDeviations = 8; // a normal variable is there once in 10^15 steps
constexpr double spikeRatio = 1.5;    // where hardly anything varies, small jumps are none
constexpr std::size_t stallWindow = 20;
constexpr double stallShare = 0.5;
constexpr std::int64_t quietSteps = 500;

} // namespace

std::optional<StepWatch::Finding> StepWatch::look(const StepMetrics& metrics, double seconds)
{
    auto spike = lookForSpike(metrics);
    auto stall = lookForStall(metrics, seconds);
    return spike ? spike : stall;
}

std::optional<StepWatch::Finding> StepWatch::lookForSpike(const StepMetrics& metrics)
{
    if (metrics.skipped || !std::isfinite(metrics.loss))
        return std::nullopt;
    std::optional<Finding> found;
    if (losses_.size() >= enough) {
        const std::vector<double> losses(losses_.begin(), losses_.end());
        const double median = medianOf(losses);
        std::vector<double> distances;
        for (const double loss : losses)
            distances.push_back(std::abs(loss - median));
        const double deviation =
            1.4826 * medianOf(distances); // that of a normal distribution with this median distance
        if (metrics.loss > median + spikeDeviations * deviation && metrics.loss > spikeRatio * median)
            found =
                Finding{.kind = "spike",
                        .text = "the loss of step " + std::to_string(metrics.step) + " is " +
                                significantText(metrics.loss, 4) + ", that of the " + std::to_string(losses.size()) +
                                " steps before was about " + significantText(median, 4)};
    }
    losses_.push_back(metrics.loss);
    if (losses_.size() > window)
        losses_.pop_front();
    return found;
}

std::optional<StepWatch::Finding> StepWatch::lookForStall(const StepMetrics& metrics, double seconds)
{
    waits_.emplace_back(metrics.dataWaitSeconds, seconds);
    if (waits_.size() > stallWindow)
        waits_.pop_front();
    if (waits_.size() < stallWindow || metrics.step < quietUntil_)
        return std::nullopt;
    double waited = 0, all = 0;
    for (const auto& [wait, whole] : waits_) {
        waited += wait;
        all += whole;
    }
    if (all <= 0 || waited < stallShare * all)
        return std::nullopt;
    quietUntil_ = metrics.step + quietSteps;
    return Finding{.kind = "stall",
                   .text = "the last " + std::to_string(stallWindow) + " steps waited for data in " +
                           decimalText(100 * waited / all, 0) +
                           " % of their time: the disk or network of the shards is slower than the "
                           "training"};
}

} // namespace nanodit
