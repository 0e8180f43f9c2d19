#pragma once

#include "core/doctor/step_time.h"

namespace nanodit {

/// Times of one way of a set of samples, to disk or from it.
struct DataTime {
    std::string what; ///< "packing"
    std::int64_t samples = 0;
    std::int64_t bytes = 0;      ///< Of the shards.
    std::vector<double> seconds; ///< Of each repetition.

    double best() const;
    double bytesPerSecond() const { return static_cast<double>(bytes) / best(); }
};

struct DataTimes {
    std::string where; ///< The folder that held the set.
    DataTime packing;  ///< Of samples in memory: checks, SHA-256, the tar, until it is safe on disk.
    DataTime loading;  ///< Epochs of batches of float32; the set was read before, so that the disk's cache has it.
    std::int64_t memory = 0; ///< Bytes: most that the process held, the samples among them.
};

struct DataTimeRequest {
    StepTimeRequest shape;                           ///< Its `steps` are repetitions; `finished` is not called.
    std::int64_t setBytes = std::int64_t{256} << 20; ///< About the size of the set, at least a batch.
    std::function<void(const DataTimes&)> finished = [](const auto&) {};
};

/// Packs a set of random samples into a folder of its own below the system's for temporary files, loads it as training
/// does, and removes it. Arrays are of the shapes and types that the passes write. Throws ConfigError when the
/// configuration cannot be used, StoreError where it cannot write.
std::unique_ptr<Job> makeDataTimeJob(DataTimeRequest request);

} // namespace nanodit
