#pragma once

#include "core/io/array.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace nanodit {

/// What a .safetensors file holds (https://huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header,
/// the data.
struct Safetensors {
    std::map<std::string, Array> arrays; ///< Over the file's own memory, C order.
    std::map<std::string, std::string> metadata;
};

/// Maps a .safetensors file, or the shards that an index (.json) lists. Nothing is copied. Throws DataError naming the
/// file and, where there is one, the tensor.
Safetensors readSafetensors(const std::filesystem::path& file);

/// The same from memory that `owner` keeps alive; `name` stands in messages.
Safetensors parseSafetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                             const std::string& name);

/// Whole or not at all. Equal input gives equal bytes; tensors lie widest type first, so that each is aligned.
void writeSafetensors(const std::filesystem::path& file, const std::map<std::string, Array>& arrays,
                      const std::map<std::string, std::string>& metadata = {});

} // namespace nanodit
