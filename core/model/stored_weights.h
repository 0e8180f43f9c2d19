#pragma once

#include "core/io/tensor.h"

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// The tensors of one model in a file that may hold several.
struct WeightSet {
    std::string
        place; ///< The keys or the file by which it is found there: "model", "ema.safetensors"; "" for the whole.
    TensorMap tensors; ///< Never empty.
};

/// What a file or folder holds of weights.
struct StoredWeights {
    std::vector<WeightSet> sets;             ///< The one that is most likely meant first; at least one.
    std::vector<std::string> foreignObjects; ///< Classes beside the weights that were left uninterpreted.
    std::vector<std::string> unreadable; ///< Tensors of types and classes that are not read: "NAME (float8_e4m3fn)".
};

/// From wherever weights lie: a checkpoint folder of ours (its current weights, then their average), a model's folder,
/// a .safetensors file, or what torch.save wrote, under any name. Nothing in a file is executed. Throws DataError
/// naming the file.
StoredWeights readStoredWeights(const std::filesystem::path& source);

/// The tensors of the first set.
TensorMap readWeights(const std::filesystem::path& source);

} // namespace nanodit
