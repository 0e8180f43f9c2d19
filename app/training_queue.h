#pragma once

#include "core/config/train_config.h"
#include "core/io/own_file.h"

#include <QString>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <vector>

namespace nanodit {

/// A training that waits for the one that runs. Its configuration is what it was when it was queued.
struct QueuedTraining {
    TrainConfig config;
    QString runName;
};

/// The trainings that wait in a workspace, as its file "training-queue.json" keeps them from one start of the program
/// to the next. No file: none waits.
class TrainingQueueFile {
public:
    /// Any thread. A file that cannot be used is moved aside (core/io/own_file_reading.h). Throws DataError.
    static OwnFile<std::vector<QueuedTraining>> read(const std::filesystem::path& workspaceRoot);
    /// Any thread. Of two writings the one with the higher `version` stays, whichever comes last. Throws StoreError.
    void write(const std::filesystem::path& workspaceRoot, const std::vector<QueuedTraining>& queue,
               std::int64_t version);

private:
    std::mutex mutex_;
    std::int64_t written_ = 0; ///< Version of what is on the disk.
};

} // namespace nanodit
