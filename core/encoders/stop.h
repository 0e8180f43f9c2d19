#pragma once

#include <functional>

namespace nanodit {

/// Asked within long computations, several times a second on a CPU however large they are; true means: stop.
using StopCheck = std::function<bool()>;

/// How an encoder leaves its layers when it was told to stop. Never leaves the encoder, or whoever keeps several.
struct EncodingStopped {};

inline void leaveIfStopped(const StopCheck& stop)
{
    if (stop && stop())
        throw EncodingStopped();
}

/// Multiplications with their additions between two questions: some tenths of a second on two slow cores. What takes
/// more is done in parts where somebody may stop it.
inline constexpr double operationsAtOnce = 8e9;

} // namespace nanodit
