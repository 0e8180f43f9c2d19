#pragma once

#include "core/runtime/remedy.h"

#include <optional>
#include <string>

namespace nanodit {

/// A record or a file that was left out, and why.
struct Reject {
    std::string what;
    std::string reason;
    std::optional<Remedy> remedy = {};
};

} // namespace nanodit
