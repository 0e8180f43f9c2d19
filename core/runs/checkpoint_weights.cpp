#include "core/runs/checkpoint_weights.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <cstddef>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// By WeightsKind.
constexpr std::array<const char*, 2> fileNames = {"model.safetensors", "ema.safetensors"};

const char* fileName(WeightsKind kind)
{
    return fileNames[static_cast<std::size_t>(kind)];
}

bool isThere(const fs::path& file)
{
    std::error_code none;
    return fs::exists(file, none);
}

} // namespace

WeightsKind weightsKindFromName(const std::string& name)
{
    const auto found = std::ranges::find(weightsKindNames, name);
    if (found == weightsKindNames.end())
        throw UsageError("there are no weights \"" + name +
                         "\": name raw, as they were trained, or ema, their average");
    return static_cast<WeightsKind>(found - weightsKindNames.begin());
}

fs::path checkpointFolder(const fs::path& checkpoint)
{
    std::error_code none;
    return fs::is_directory(checkpoint, none) ? checkpoint : checkpoint.parent_path();
}

fs::path weightsFile(const fs::path& checkpoint)
{
    std::error_code none;
    if (!fs::is_directory(checkpoint, none))
        return checkpoint;
    const auto average = checkpoint / fileName(WeightsKind::Averaged);
    return isThere(average) ? average : checkpoint / fileName(WeightsKind::Raw);
}

fs::path weightsFileIn(const fs::path& folder, WeightsKind kind)
{
    return folder / fileName(kind);
}

fs::path weightsFile(const fs::path& checkpoint, WeightsKind kind)
{
    std::error_code none;
    if (!fs::is_directory(checkpoint, none)) {
        if (isThere(checkpoint) && weightsKindOf(checkpoint) != kind)
            throw UsageError(checkpoint.string() + " is a file of weights, and not that of the " +
                             (kind == WeightsKind::Raw ? "raw" : "averaged") +
                             " ones: name its folder to choose between the two");
        return checkpoint;
    }
    const auto file = checkpoint / fileName(kind);
    if (!isThere(file))
        throw UsageError("the checkpoint " + checkpoint.string() + " has no " + fileName(kind) + ": " +
                         (kind == WeightsKind::Raw
                              ? "it was exported with its average alone, so open the averaged weights"
                              : "its run keeps no average, so open the raw weights"));
    return file;
}

std::optional<WeightsKind> weightsKindOf(const fs::path& file)
{
    const auto found = std::ranges::find(fileNames, file.filename().string());
    if (found == fileNames.end())
        return std::nullopt;
    return static_cast<WeightsKind>(found - fileNames.begin());
}

bool hasBothWeights(const fs::path& checkpoint)
{
    const auto folder = checkpointFolder(checkpoint);
    return std::ranges::all_of(fileNames, [&folder](const char* name) { return isThere(folder / name); });
}

} // namespace nanodit
