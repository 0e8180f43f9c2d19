#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace nanodit {

/// When a process of a training counts as lost to the others (Pulse).
struct PulseTimes {
    std::chrono::milliseconds beat{200};      ///< Between two signs of life.
    std::chrono::milliseconds silence{20000}; ///< One that gives none for so long stands still.
    std::chrono::milliseconds grace{2000};    ///< The same when a message to some process has failed.
};

/// Where the processes of a training meet, and which of them this one is.
struct Meeting {
    std::int64_t rank = 0, size = 1;
    std::string host = "127.0.0.1"; ///< Of rank 0.
    int port = 29500;
    /// How long a rank waits for another that lives and does not work alone (Collective::workAlone()). Then it says
    /// which did not come.
    std::chrono::seconds patience = std::chrono::minutes(30);
    PulseTimes pulse = {}; ///< How long for one that stands still. One that ends is noticed at once.
};

} // namespace nanodit
