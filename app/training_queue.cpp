#include "app/training_queue.h"

#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

fs::path fileOf(const fs::path& workspaceRoot)
{
    return workspaceRoot / "training-queue.json";
}

} // namespace

std::vector<QueuedTraining> TrainingQueueFile::read(const fs::path& workspaceRoot)
{
    const auto file = fileOf(workspaceRoot);
    std::vector<QueuedTraining> queue;
    if (std::error_code none; !fs::exists(file, none))
        return queue;
    try {
        for (const auto& entry : nlohmann::json::parse(readTextFile(file)))
            queue.push_back({.config = trainConfigFromYaml(entry.at("config").get<std::string>(), file.string()),
                             .runName = QString::fromStdString(entry.at("run").get<std::string>())});
    } catch (const nlohmann::json::exception& error) {
        throw DataError(file.string() + " is not a list of queued trainings (" + jsonFault(error) +
                        "); delete it to begin with an empty queue");
    }
    return queue;
}

void TrainingQueueFile::write(const fs::path& workspaceRoot, const std::vector<QueuedTraining>& queue,
                              std::int64_t version)
{
    const std::lock_guard lock(mutex_);
    if (version <= written_)
        return;
    const auto file = fileOf(workspaceRoot);
    if (queue.empty()) {
        std::error_code error;
        fs::remove(file, error);
        if (error)
            throw StoreError("cannot remove " + file.string() + ": " + error.message());
    } else {
        auto entries = nlohmann::json::array();
        for (const auto& [config, runName] : queue)
            entries.push_back({{"run", runName.toStdString()}, {"config", toYaml(config)}});
        writeFileAtomically(file, entries.dump(2) + "\n");
    }
    written_ = version;
}

} // namespace nanodit
