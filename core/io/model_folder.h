#pragma once

#include "core/io/array.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nanodit {

/// Names of a folder's files, sorted: links count as what they lead to, and what is hidden, as macOS leaves it beside
/// what it copies, is no file of a model. Throws DataError naming a folder that cannot be read.
std::vector<std::string> fileNamesIn(const std::filesystem::path& folder);

/// The files that hold a model's weights in a folder as Hugging Face lays it out.
struct ModelFiles {
    std::filesystem::path index;              ///< Of the shards; empty when there is none.
    std::vector<std::filesystem::path> files; ///< One, or the shards, each once.

    /// Names them in messages: the file, or the index, or the folder of the shards.
    std::string source() const;
};

/// In this order: model.safetensors, diffusion_pytorch_model.safetensors, pytorch_model.bin,
/// diffusion_pytorch_model.bin or the index of one; then variants and other names (model.fp16.safetensors,
/// ae.safetensors, MODEL.pth) where there is only one that can be meant. Throws DataError naming the folder, what is
/// there, and what to do: none, several, a shard that is missing.
ModelFiles findModelFiles(const std::filesystem::path& folder);

/// Whether the file begins as torch.save writes them, in either format, whatever its name.
bool isTorchFile(const std::filesystem::path& file);
/// Throws DataError naming what a file really is that is named as torch.save's are (.pt, .bin...) and holds no weights.
void expectWeights(const std::filesystem::path& file);
/// A file of weights whatever its name: .safetensors, or what torch.save wrote (its first state dict). Mapped. Throws
/// DataError naming the file and what it is instead.
std::map<std::string, Array> readWeightsFile(const std::filesystem::path& file);
/// The same of all the files. Throws DataError where an index and its shards do not fit together.
std::map<std::string, Array> readWeightsFiles(const ModelFiles& files);

/// What to do about a folder (or a name) at which no config.json lies: names the snapshot of a Hugging Face cache, the
/// folder below that is a model, weights without their config.json, or says that nothing is downloaded.
std::string adviceWithoutConfig(const std::filesystem::path& folder);

} // namespace nanodit
