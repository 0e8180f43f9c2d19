#pragma once

#include "core/io/array.h"

#include <span>
#include <vector>

namespace nanodit {

/// Whether an array holds F16, BF16, F32 or F64.
bool isFloating(DType type);
/// The elements in C order as float32, into `target`, which has room for all of them. Throws DataError for other types.
void copyFloats(const Array& array, std::span<float> target);
/// A scale for each channel: x becomes (x - shift) / divisor.
struct ChannelScale {
    std::span<const float> shift, divisor; ///< As many as the last dimension has elements.
};
/// copyFloats, scaled unless `scale` is null, in one pass over the array. False when an element is infinite or not a
/// number; the target then holds anything.
bool copyFiniteFloats(const Array& array, std::span<float> target, const ChannelScale* scale = nullptr);
std::vector<float> floatsOf(const Array& array);
/// False when an element is infinite or not a number. Throws DataError for other types.
bool allFinite(const Array& array);

} // namespace nanodit
