#include "core/runs/run_history.h"

#include "core/io/foreign_text.h"
#include "core/io/growing_file.h"
#include "core/runtime/local_time.h"

#include <fstream>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// A full disk leaves the beginning of a line, which would swallow the next.
bool lacksLineEnd(const fs::path& file)
{
    std::ifstream stream(file, std::ios::binary | std::ios::ate);
    if (!stream || stream.tellg() <= 0)
        return false;
    stream.seekg(-1, std::ios::end);
    return stream.get() != '\n';
}

} // namespace

void appendRunEvent(const fs::path& runFolder, std::int64_t step, const std::string& kind, const std::string& text,
                    const nlohmann::json& details)
{
    nlohmann::ordered_json json = {{"time", localTimeText()}, {"step", step}, {"kind", kind}, {"text", text}};
    json[kind] = details; // "resumed" is what readResumptions looks for
    const auto file = runFolder / runHistoryFile;
    const std::string before = lacksLineEnd(file) ? "\n" : "";
    GrowingFile(file).append(before + dumpForeignJson(json, -1) + "\n");
}

std::vector<RunEvent> readRunHistory(const fs::path& runFolder)
{
    std::vector<RunEvent> events;
    std::ifstream stream(runFolder / runHistoryFile);
    for (std::string line; std::getline(stream, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        try {
            const std::string kind = json.at("kind");
            events.push_back({.time = json.at("time"),
                              .step = json.at("step"),
                              .kind = kind,
                              .text = json.at("text"),
                              .details = json.at(kind)});
        } catch (const nlohmann::json::exception&) { // cut off by a kill
        }
    }
    return events;
}

} // namespace nanodit
