#pragma once

#include "core/io/array.h"

#include <cstdint>

namespace nanodit {

/// How many elements are infinite or not a number; 0 for types that have no such values. Any strides.
std::int64_t nonFiniteCount(const Array& array);

} // namespace nanodit
