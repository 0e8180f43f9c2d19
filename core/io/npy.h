#pragma once

#include "core/io/array.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// What the head of an .npy file says of its array, without the data.
struct NpyHeader {
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    bool fortranOrder = false;
    bool bigEndian = false;
    std::string descr; ///< As written: "<f2", "|V2"...
    int majorVersion = 1;
    std::size_t dataOffset = 0; ///< Where the elements begin.
};

/// Reads an .npy file of version 1, 2 or 3 (numpy.lib.format), C or Fortran order, either endianness. "V2" elements,
/// which is how bfloat16 is stored, become BF16. Mapped, not copied, unless big-endian. Bytes behind the data are
/// ignored, as numpy does. Throws DataError naming the file: truncated, of Python objects, structured, or no .npy file.
Array readNpy(const std::filesystem::path& file);
/// The same from memory that `owner` keeps alive; `name` stands in messages.
Array parseNpy(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, const std::string& name);
NpyHeader parseNpyHeader(std::span<const std::byte> bytes, const std::string& name);
/// Reads no more than the head; also checks that the file is long enough for its data.
NpyHeader readNpyHeader(const std::filesystem::path& file);

/// A version 1 file in C order.
std::vector<std::byte> npyBytes(const Array& array);
/// How long such a file is.
std::int64_t npyFileBytes(DType dtype, const std::vector<std::int64_t>& shape);
/// Whole or not at all.
void writeNpy(const std::filesystem::path& file, const Array& array);

} // namespace nanodit
