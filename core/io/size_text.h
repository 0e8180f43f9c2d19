#pragma once

#include <cstdint>
#include <string>

namespace nanodit {

/// "70.4 MB", in powers of 1000.
std::string sizeText(std::int64_t bytes);

} // namespace nanodit
