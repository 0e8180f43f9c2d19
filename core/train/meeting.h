#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace nanodit {

/// Where the processes of a training meet, and which of them this one is.
struct Meeting {
    std::int64_t rank = 0, size = 1;
    std::string host = "127.0.0.1"; ///< Of rank 0.
    int port = 29500;
    /// How long a rank waits for another, which may paint or validate meanwhile, before it counts as gone. One that
    /// ends is noticed at once.
    std::chrono::seconds patience = std::chrono::minutes(30);
};

} // namespace nanodit
