#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// In a run's folder.
constexpr const char* runHistoryFile = "history.jsonl";

/// Something that happened to a run, as history.jsonl tells it: a resume and what differed from before, a micro-batch
/// that was left out, a loss that jumped, a wait for data.
struct RunEvent {
    std::string time;       ///< "2026-11-28 22:10:05", this machine's.
    std::int64_t step = 0;  ///< Steps done when it happened.
    std::string kind;       ///< "begun", "resumed", "spike"...
    std::string text;       ///< A sentence.
    nlohmann::json details; ///< An object, by kind.
};

/// Appends a line to the run's history.jsonl, which nothing ever cuts off. Throws StoreError.
void appendRunEvent(const std::filesystem::path& runFolder, std::int64_t step, const std::string& kind,
                    const std::string& text, const nlohmann::json& details = nlohmann::json::object());
/// In the order in which they happened; lines that are not whole are left out.
std::vector<RunEvent> readRunHistory(const std::filesystem::path& runFolder);

} // namespace nanodit
