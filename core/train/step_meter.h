#pragma once

#include "core/runs/step_metrics.h"

#include <ATen/core/Tensor.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

namespace nanodit {

struct Draws;

/// Gathers a step's metrics over its micro-batches.
class StepMeter {
public:
    StepMeter();
    /// perSample [B], velocity [B, C, H, W].
    void add(const Draws& draws, const at::Tensor& perSample, const at::Tensor& velocity);
    /// Other losses [B] of the same samples, where there are any: of the internal head, and of the samples that were
    /// aligned.
    void addInternal(const at::Tensor& perSample) { addTo(internal_, perSample); }
    void addRepa(const at::Tensor& perSample) { addTo(repa_, perSample); }
    void waitedForData(double seconds) { dataWait_ += seconds; }
    /// Seconds in which something else than the step was done, or nothing: they do not count for samples per second.
    void leaveOut(double seconds) { leftOut_ += seconds; }
    /// What was gathered, as numbers that add up over processes; and what they all gathered in its place.
    std::vector<double> sums();
    void takeSums(const std::vector<double>& sums);
    /// All but step, gradient norms, lr and skipped.
    StepMetrics finish() const;

private:
    struct Mean {
        double sum = 0;
        std::int64_t count = 0;
        double value() const; ///< NaN without samples.
    };
    static void addTo(Mean& mean, const at::Tensor& perSample);
    std::vector<Mean*> means();

    std::chrono::steady_clock::time_point start_;
    double dataWait_ = 0, leftOut_ = 0, squaredVelocity_ = 0;
    std::int64_t microBatches_ = 0, samples_ = 0;
    double lossSum_ = 0;
    std::array<Mean, 4> byQuarter_, byDrop_;
    Mean internal_, repa_;
};

} // namespace nanodit
