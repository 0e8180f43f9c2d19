#pragma once

#include <ctime>
#include <string>

namespace nanodit {

/// "2026-11-28 22:10:05", by the clock and the time zone of this machine.
std::string localTimeText(std::time_t time = std::time(nullptr));

} // namespace nanodit
