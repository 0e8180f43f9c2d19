#pragma once

#include "core/runs/step_metrics.h"

#include <ATen/core/Tensor.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

namespace nanodit {

struct Draws;

/// The losses of a micro-batch of B samples: float64, on the CPU.
struct LossValues {
    at::Tensor perSample;       ///< [B]
    double total = 0;           ///< What is differentiated.
    double squaredVelocity = 0; ///< mean(v^2)
    at::Tensor internal;        ///< Of the internal head: [B], or [0] where there is none.
    at::Tensor repa;            ///< Of the samples that were aligned, [0] without any.
};

/// Gathers a step's metrics over its micro-batches.
class StepMeter {
public:
    StepMeter();
    void add(const Draws& draws, const LossValues& values);
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
