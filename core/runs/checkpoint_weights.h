#pragma once

/// The two sets of weights of a checkpoint: as they were trained, and their moving average. Wherever a checkpoint is
/// opened, one of its files of weights may be named in its place.

#include <array>
#include <filesystem>
#include <optional>
#include <string>

namespace nanodit {

enum class WeightsKind { Raw, Averaged };
/// By WeightsKind, as people type them: "raw", "ema".
inline constexpr std::array<const char*, 2> weightsKindNames = {"raw", "ema"};
/// Throws UsageError for any other name.
WeightsKind weightsKindFromName(const std::string& name);

/// The folder of a checkpoint that may be named by one of its files.
std::filesystem::path checkpointFolder(const std::filesystem::path& checkpoint);
/// The default weights file of a checkpoint: its average if there is one; of a weights file, itself.
std::filesystem::path weightsFile(const std::filesystem::path& checkpoint);
/// Where the folder of a checkpoint keeps these weights, whether they are there or not. Asks no disk.
std::filesystem::path weightsFileIn(const std::filesystem::path& folder, WeightsKind kind);
/// The file of these weights. Throws UsageError when the checkpoint has none (no average was kept, or an exported run
/// has its average alone), and for a file that holds others.
std::filesystem::path weightsFile(const std::filesystem::path& checkpoint, WeightsKind kind);
/// Which of the two a weights file of a checkpoint holds, by its name; empty for any other file.
std::optional<WeightsKind> weightsKindOf(const std::filesystem::path& file);
/// Whether the checkpoint of a weights file has both.
bool hasBothWeights(const std::filesystem::path& checkpoint);

} // namespace nanodit
