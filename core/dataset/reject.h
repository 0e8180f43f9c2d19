#pragma once

#include <string>

namespace nanodit {

/// A record or a file that was left out, and why.
struct Reject {
    std::string what;
    std::string reason;
};

} // namespace nanodit
