#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// Element types of the files that are read and written here.
enum class DType { Bool, U8, I8, I16, I32, I64, U16, U32, U64, F16, BF16, F32, F64, C64, C128, F8E4M3, F8E5M2 };

std::int64_t bytesPerElement(DType type);
std::string dtypeName(DType type); ///< "float16", "bfloat16", "float8_e4m3fn"...

/// An array in memory that somebody owns: a mapped file, a read buffer. Elements are little-endian; strides count
/// elements.
struct Array {
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides; ///< In elements; empty means C order.
    std::span<const std::byte> bytes;  ///< From the first element to the end of what may be read.
    std::shared_ptr<const void> owner; ///< Keeps `bytes` alive.

    std::int64_t elements() const;
    bool contiguous() const; ///< C order without gaps.
};

/// "[16, 104, 152]"
std::string shapeText(std::span<const std::int64_t> shape);

/// The product of the sides times `unit`; empty when a side is negative or the product does not fit in 63 bits.
std::optional<std::int64_t> checkedProduct(std::span<const std::int64_t> shape, std::int64_t unit = 1);

/// C-order strides in elements of an array without gaps. The shape must have passed checkedProduct.
std::vector<std::int64_t> rowMajorStrides(std::span<const std::int64_t> shape);

/// The elements in C order: the array's own memory where it is contiguous, else a copy.
Array inRowMajorOrder(const Array& array);

/// An array that owns `bytes`, in C order.
Array arrayOf(DType dtype, std::vector<std::int64_t> shape, std::vector<std::byte> bytes);

} // namespace nanodit
