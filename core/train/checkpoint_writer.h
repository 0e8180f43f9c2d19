#pragma once

#include "core/config/train_config.h"
#include "core/runs/checkpoint.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <vector>

namespace nanodit {

/// Writes the checkpoints of a run on a thread of its own, one at a time, from copies of the tensors, so that training
/// goes on meanwhile; then thins them. Everything that the run's other files say of the steps before is on the disk
/// before the checkpoint is. One thread at a time.
class CheckpointWriter {
public:
    CheckpointWriter(std::filesystem::path runFolder, const SavingConfig& rule);
    /// Waits for what is being written.
    ~CheckpointWriter();
    CheckpointWriter(const CheckpointWriter&) = delete;
    CheckpointWriter& operator=(const CheckpointWriter&) = delete;

    /// Copies the tensors and begins to write them, unless a checkpoint of this step is there or being written. Waits
    /// for the one before and throws what it failed with.
    void begin(CheckpointState state, const CheckpointTensors& tensors);
    /// Returns when nothing is being written any more; throws what writing failed with.
    void finish();

    /// A checkpoint of this run that is whole, from before.
    void found(std::int64_t step, const std::filesystem::path& folder);
    /// Newest whole one; empty without any.
    const std::filesystem::path& newest() const { return newest_; }
    /// Step of the newest, or of the one that is being written; -1 without any.
    std::int64_t step() const { return step_; }

    struct Written {
        std::filesystem::path folder;
        double seconds = 0;                         ///< From the copy to the disk.
        double waited = 0;                          ///< Of them, those that begin() and finish() took.
        std::vector<std::filesystem::path> removed; ///< By the thinning.
    };
    /// What was written since this was asked last, once it is whole; throws what writing failed with.
    std::optional<Written> takeWritten();

private:
    void collect();

    std::filesystem::path runFolder_;
    SavingConfig rule_;
    std::future<Written> writing_;
    std::optional<Written> written_;
    std::filesystem::path newest_;
    std::int64_t step_ = -1, stepBefore_ = -1;
    double waited_ = 0;
};

} // namespace nanodit
