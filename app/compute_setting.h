#pragma once

#include "core/runtime/compute_choice.h"
#include "core/runtime/compute_devices.h"
#include "core/runtime/compute_info.h"

#include <tuple>
#include <vector>

namespace nanodit {

/// What computes here, what the session's choice comes to, and what else could be chosen.
struct ComputeState {
    ComputeInfo info;
    ChosenCompute chosen;
    std::vector<ComputeDevice> devices;
};

/// Whether two choices ask for the same.
inline bool isSame(const ComputeChoice& a, const ComputeChoice& b)
{
    return std::tie(a.device, a.precision, a.threads) == std::tie(b.device, b.precision, b.threads);
}

} // namespace nanodit
