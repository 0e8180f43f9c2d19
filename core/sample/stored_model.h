#pragma once

#include "core/io/tensor.h"
#include "core/runs/checkpoint.h"

namespace nanodit {

/// Weights to sample with, and what is known of them.
struct StoredModel {
    CheckpointState state;
    TensorMap weights;
    bool averaged = false; ///< They are the moving average.

    /// `checkpoint`: a checkpoint folder (its average where there is one), or a weights file beside a state.json.
    /// Throws DataError.
    static StoredModel read(const std::filesystem::path& checkpoint);
    /// "demo-run, step 2000, EMA, 9.0 M parameters"
    std::string description(std::int64_t parameters) const;
};

} // namespace nanodit
