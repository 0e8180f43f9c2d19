#include "app/training_queue.h"

#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/io/own_file_reading.h"
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

OwnFile<std::vector<QueuedTraining>> TrainingQueueFile::read(const fs::path& workspaceRoot)
{
    using Queue = std::vector<QueuedTraining>;
    return readOwnFile<Queue>(fileOf(workspaceRoot), "the queued trainings", [](const nlohmann::json& json) {
        Queue queue;
        for (const auto& entry : json.get<std::vector<nlohmann::json>>()) {
            const auto run = entry.at("run").get<std::string>();
            queue.push_back(
                {.config = trainConfigFromYaml(entry.at("config").get<std::string>(), "the training \"" + run + "\""),
                 .runName = QString::fromStdString(run)});
        }
        return queue;
    });
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
        writeFileAtomically(file, dumpForeignJson(entries, 2) + "\n");
    }
    written_ = version;
}

} // namespace nanodit
