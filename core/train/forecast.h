#pragma once

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/geometry/bucket.h"
#include "core/runtime/compute_choice.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nanodit {

/// What a shard set is made of, as far as it decides what a training costs.
struct TrainData {
    struct Bucket {
        ImageSize size;
        std::int64_t samples = 0;
    };
    std::vector<Bucket> buckets;   ///< By size; of the samples, not of the workspace's settings.
    std::int64_t textTokens = 512; ///< Longest caption that there can be.
    std::int64_t textWidth = 4096; ///< Of the encoders, as are the next two.
    std::int64_t dinoWidth = 1024;
    std::int64_t latentChannels = 16;
    std::int64_t dinoPatch = 16;                  ///< Pixels along a side of a DINO patch.
    std::int64_t latentPixel = usualLatentFactor; ///< Pixels along a side of one of the latent's.
    std::int64_t pictureBytes = 0; ///< That decoding a picture of the largest bucket takes; 0 without an autoencoder.
};

/// Reads the manifest of the set that `config` names and one of its samples. Throws DataError when there is no such
/// set.
TrainData trainData(const Workspace& workspace, const TrainConfig& config);

/// Whose memory a forecast is of: a training on a GPU leaves a part to the machine.
enum class MemoryOf { Machine, Gpu };
/// That of the device that a choice stands for. Throws as chosenDevice() does.
MemoryOf memoryOf(const ComputeChoice& choice);

/// Bytes that a training holds at its peak, by purpose. All of it is float32 between steps.
struct TrainMemory {
    std::int64_t weights = 0, gradients = 0;
    std::int64_t moments = 0;     ///< Of the optimiser: two of each number, one of those that Muon steps.
    std::int64_t average = 0;     ///< The moving average; 0 without one.
    std::int64_t activations = 0; ///< What the forward pass keeps, and what the backward pass holds beside that.
    std::int64_t batches = 0;     ///< Read ahead.
    std::int64_t previews = 0;    ///< Beyond `activations`, which are free then: a second model, and a picture decoded.
    /// The copy of weights, moments and average that a thread writes as a checkpoint while the next steps are made. It
    /// lies in the machine's memory, so it is 0 of a GPU's.
    std::int64_t checkpoint = 0;

    std::int64_t total() const;
    /// Of so many processes that train together and share the memory: each also holds a copy of the gradients, as large
    /// as the weights, and the first alone saves.
    std::int64_t ofProcesses(std::int64_t processes) const;
};

/// What a micro-batch of one bucket holds and costs.
struct BucketForecast {
    ImageSize bucket;
    std::int64_t samples = 0;                         ///< In the set.
    std::int64_t latentTokens = 0, contextTokens = 0; ///< Of one sample, nothing dropped.
    std::int64_t activations = 0;                     ///< Bytes, as in TrainMemory.
    double work = 0; ///< Of one sample, in multiply-adds of a forward pass: for comparing buckets.
};

/// What a training will cost, from its configuration and the shapes of its data alone; nothing is computed.
struct TrainForecast {
    std::int64_t parameters = 0;
    TrainMemory memory;
    std::vector<BucketForecast> buckets; ///< As in TrainData.
    std::int64_t checkpointBytes = 0;    ///< On disk, of one.
    /// Of all that are kept at the end, at most: the newest, those kept for ever by their step, and the validated ones.
    std::int64_t keptCheckpointBytes = 0;
    std::int64_t diskBytes = 0; ///< That checkpoints take at most: those kept, and the newest before the oldest goes.
    std::int64_t samplesPerEpoch = 0, stepsPerEpoch = 0;
    double epochs = 0;   ///< Of the whole run.
    double meanWork = 0; ///< BucketForecast::work over samples, for a step's time from that of one bucket.
    /// Floating-point operations of an optimiser step, of matrix products and attention: a multiply-add
    /// is two, the backward pass twice the forward pass, recomputing activations one forward pass more.
    double stepFlops = 0;

    const BucketForecast& dearest() const; ///< The bucket whose activations are the most.
};

/// The widths in `config` are replaced by the data's, as training does. Memory is that of one process; steps are those
/// of all `processes` together, each of which has its own micro-batches. Throws ConfigError for a configuration that
/// cannot be used, DataError for data without a sample.
TrainForecast forecastTraining(const TrainConfig& config, const TrainData& data, MemoryOf where = MemoryOf::Machine,
                               std::int64_t processes = 1);

/// Free bytes of the disk that the workspace's runs lie on; 0: not known.
std::int64_t freeDiskBytes(const Workspace& workspace);

/// Settings that make a training fit: keys of the configuration with their new values, and what it then needs.
struct FittingChange {
    std::vector<std::pair<std::string, std::string>> settings; ///< {"checkpointing", "true"}
    TrainConfig config;                                        ///< With them.
    std::int64_t memory = 0;                                   ///< TrainMemory::ofProcesses() then.
};

/// Ways to make it fit into `memory` bytes, each by the fewest settings; empty when it fits already, or when nothing
/// helps but a smaller model or smaller pictures. None changes the model, nor how many samples a step sees, nor a
/// precision that overrides the configuration's.
std::vector<FittingChange> fittingChanges(const TrainConfig& config, const TrainData& data, std::int64_t memory,
                                          MemoryOf where = MemoryOf::Machine, std::int64_t processes = 1,
                                          std::optional<Precision> chosen = {});

} // namespace nanodit
