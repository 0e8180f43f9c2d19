#pragma once

#include "core/io/tensor.h"
#include "core/runs/checkpoint.h"
#include "core/runs/checkpoint_weights.h"

#include <optional>

namespace nanodit {

/// Weights to sample with, and what is known of them.
struct StoredModel {
    CheckpointState state;
    TensorMap weights;
    std::optional<WeightsKind> kind; ///< Empty for a file of another name.
    bool besideOther = false;        ///< The checkpoint has both kinds.

    bool averaged() const { return kind == WeightsKind::Averaged; }

    /// `checkpoint`: a checkpoint folder (its average where there is one), or a weights file beside a state.json.
    /// Throws DataError.
    static StoredModel read(const std::filesystem::path& checkpoint);
    /// The same without its weights.
    static CheckpointState readState(const std::filesystem::path& checkpoint);
    /// "demo-run, step 2000, EMA, 9.0 M parameters"; "raw weights" where there is an average beside them.
    std::string description(std::int64_t parameters) const;
};

} // namespace nanodit
