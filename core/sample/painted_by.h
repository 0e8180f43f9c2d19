#pragma once

#include "core/io/image.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// The weights that a picture was painted with, as its PNG says beside the settings.
struct PaintedBy {
    std::string run;
    std::int64_t step = 0;
    bool averaged = false; ///< The moving average.
    std::string sha256;    ///< Of the weights' file, 64 hex digits; empty where another took its place.
    bool operator==(const PaintedBy&) const = default;
};
/// "demo-run, step 2000"
std::string nameOf(const PaintedBy& model);

PngText textOf(const PaintedBy& model);
/// Empty when the PNG does not say. Throws DataError when what it says is damaged.
std::optional<PaintedBy> paintedByOfPng(const std::filesystem::path& file);

/// The checkpoint that holds exactly these weights: that of the same run and step, or else of another run (one that was
/// renamed) and the same step; its file of raw weights where it is these and an average lies beside them. Reads
/// weights, which takes a while. Empty when there is none, or when stopped.
std::optional<std::filesystem::path> findCheckpoint(const std::vector<RunInfo>& runs, const PaintedBy& model,
                                                    const JobContext& context = {});

} // namespace nanodit
