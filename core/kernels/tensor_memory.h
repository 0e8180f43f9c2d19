#pragma once

#include <ATen/ATen.h>

namespace nanodit {

/// Where the elements of a contiguous tensor lie from a number of them on.
inline void* elementsOf(const at::Tensor& x, std::int64_t first)
{
    return static_cast<char*>(x.data_ptr()) + first * x.element_size();
}

} // namespace nanodit
