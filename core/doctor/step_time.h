#pragma once

#include "core/config/train_config.h"
#include "core/doctor/kernel_facts.h"
#include "core/geometry/bucket.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

/// What a training step of a configuration costs here, on random data of a data set's shapes.
struct StepTimes {
    std::string where;                                ///< "cuda:0 (NVIDIA H100), bf16"
    std::int64_t parameters = 0;                      ///< Of the model.
    std::int64_t latentTokens = 0, contextTokens = 0; ///< Of one sample, nothing dropped.
    double firstSeconds = 0;                          ///< Of the first step, which allocates and chooses kernels.
    std::vector<double> seconds;                      ///< Of each step after it.
    std::int64_t memory = 0; ///< Bytes: most that the process held, or on a GPU all that is taken there in the end.
    bool onGpu = false;
    double operations = 0; ///< Of a step, as TrainForecast::stepFlops counts them; 0 in an estimate.
    KernelTime product;    ///< Of two matrices on the same device in the same precision; empty in an estimate.

    double median() const;
    double perSecond() const { return operations / median(); }
};

struct StepTimeRequest {
    TrainConfig config; ///< Widths of 0 become those of T5 XXL (4096) and of a DINOv3 ViT-L (1024).
    ImageSize picture = {1024, 1024};
    std::int64_t textTokens = 512;                ///< All of them valid.
    std::int64_t dinoPatch = 16;                  ///< Pixels along a side of a DINO patch.
    std::int64_t latentPixel = usualLatentFactor; ///< Pixels along a side of one of the latent's.
    std::int64_t steps = 5;                       ///< That are timed, after one that is not.
    ComputeChoice device;
    std::function<void(const StepTimes&)> finished = [](const auto&) {};

    /// Pixels along a side of one of the model's tokens.
    std::int64_t tokenPixels() const { return latentPixel * config.model.patchSize; }
};

/// The request as it is timed: with widths, and nothing dropped, which is the dearest case and always the same. Throws
/// ConfigError when the configuration cannot be used.
StepTimeRequest asTimed(StepTimeRequest request);

/// Throws UsageError for a picture that cannot be cut into squares of so many pixels along a side.
void requireMultiplesOf(std::int64_t side, ImageSize picture);

/// Throws ConfigError when the configuration cannot be used, UsageError for an absent device and for a picture that
/// cannot be cut into the model's tokens.
std::unique_ptr<Job> makeStepTimeJob(StepTimeRequest request);

/// The same in a fraction of the time and the memory: steps of models of one and of two blocks are timed (on the CPU
/// with one sample), and the rest is reckoned from what a block and a sample add. StepTimes has one number of seconds,
/// the estimate of an optimiser step with all its micro-batches, and no memory.
std::unique_ptr<Job> makeStepEstimateJob(StepTimeRequest request);

} // namespace nanodit
