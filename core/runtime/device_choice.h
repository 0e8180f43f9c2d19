#pragma once

#include <string>

namespace nanodit {

/// "cpu", "cuda", "cuda:1"; with "" the best there is. Threads 0: as many as cores.
struct DeviceChoice {
    std::string device = "cpu";
    int threads = 0;
};

} // namespace nanodit
