#pragma once

#include "core/config/train_config.h"
#include "core/dataset/shard_set.h"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace nanodit::bench {

/// Trains a new model for so many steps, and writes to `folder` all that another program needs to make the same ones:
/// weights.safetensors, the first weights; after.safetensors, the last ones; training.json, the configuration with the
/// data's widths, `text_tokens`, the names of the parameters that decay, and loss, learning rate and gradient norm of
/// each step; and of micro-batch M, from 0, of step N, from 1, N-M.safetensors:
/// latent, noise [B, C, H, W], t [B], text [B, L, text width], text_mask [B, L], cls [B, DINO width],
/// patches [B, N, DINO width], patch_grid [2] (rows, columns), drop_text, drop_dino [B]; masks and drops are 0 or 1.
/// Throws UsageError for what the reference in plain PyTorch (beside/nanodit_ref.py) does not have.
void exportSteps(const std::shared_ptr<const ShardSet>& set, TrainConfig config, std::int64_t textTokens,
                 std::int64_t steps, const std::filesystem::path& folder);

} // namespace nanodit::bench
