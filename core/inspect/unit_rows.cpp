#include "core/inspect/unit_rows.h"

#include <ATen/ATen.h>

namespace nanodit {

at::Tensor unitRows(const at::Tensor& rows)
{
    const auto values = rows.to(at::kFloat);
    return values / at::linalg_vector_norm(values, 2, {1}, true).clamp_min(1e-12);
}

} // namespace nanodit
