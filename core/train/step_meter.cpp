#include "core/train/step_meter.h"

#include "core/runtime/elapsed.h"
#include "core/train/draws.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <unistd.h>

namespace nanodit {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Memory of this process that is in RAM now.
double residentMegabytes()
{
    std::ifstream file("/proc/self/statm");
    double pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

} // namespace

double StepMeter::Mean::value() const
{
    return count == 0 ? none : sum / static_cast<double>(count);
}

StepMeter::StepMeter()
    : start_(std::chrono::steady_clock::now())
{
}

void StepMeter::add(const Draws& draws, const LossValues& values)
{
    const auto losses = values.perSample.contiguous();
    for (std::size_t i = 0; i < draws.drops.size(); ++i) {
        const double loss = losses.data_ptr<double>()[i];
        const auto quarter = std::clamp(static_cast<int>(draws.t.data_ptr<float>()[i] * 4), 0, 3);
        for (auto* mean :
             {&byQuarter_[static_cast<std::size_t>(quarter)], &byDrop_[static_cast<std::size_t>(draws.drops[i])]}) {
            mean->sum += loss;
            ++mean->count;
        }
    }
    lossSum_ += losses.mean().item<double>();
    squaredVelocity_ += values.squaredVelocity;
    addTo(internal_, values.internal);
    addTo(repa_, values.repa);
    samples_ += losses.size(0);
    ++microBatches_;
}

void StepMeter::addTo(Mean& mean, const at::Tensor& perSample)
{
    mean.sum += perSample.sum().item<double>();
    mean.count += perSample.size(0);
}

std::vector<StepMeter::Mean*> StepMeter::means()
{
    std::vector<Mean*> all;
    for (auto* const means : {&byQuarter_, &byDrop_}) {
        for (auto& mean : *means)
            all.push_back(&mean);
    }
    all.insert(all.end(), {&internal_, &repa_});
    return all;
}

std::vector<double> StepMeter::sums()
{
    std::vector<double> sums = {lossSum_, squaredVelocity_, static_cast<double>(microBatches_),
                                static_cast<double>(samples_)};
    for (const auto* const mean : means())
        sums.insert(sums.end(), {mean->sum, static_cast<double>(mean->count)});
    return sums;
}

void StepMeter::takeSums(const std::vector<double>& sums)
{
    auto next = sums.begin();
    lossSum_ = *next++;
    squaredVelocity_ = *next++;
    microBatches_ = static_cast<std::int64_t>(*next++);
    samples_ = static_cast<std::int64_t>(*next++);
    for (auto* const mean : means()) {
        mean->sum = *next++;
        mean->count = static_cast<std::int64_t>(*next++);
    }
}

StepMetrics StepMeter::finish() const
{
    StepMetrics metrics;
    const auto batches = static_cast<double>(microBatches_);
    metrics.loss = microBatches_ == 0 ? none : lossSum_ / batches;
    metrics.velocityNorm = microBatches_ == 0 ? none : std::sqrt(squaredVelocity_ / batches);
    for (std::size_t i = 0; i < 4; ++i) {
        metrics.lossByQuarter[i] = byQuarter_[i].value();
        metrics.lossByDrop[i] = byDrop_[i].value();
        metrics.samplesByDrop[i] = byDrop_[i].count;
    }
    metrics.internalLoss = internal_.value();
    metrics.repaLoss = repa_.value();
    const double seconds = secondsSince(start_) - leftOut_;
    metrics.samplesPerSecond = static_cast<double>(samples_) / std::max(seconds, 1e-9);
    metrics.dataWaitSeconds = dataWait_;
    metrics.residentMegabytes = residentMegabytes();
    metrics.endedAt = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    return metrics;
}

} // namespace nanodit
