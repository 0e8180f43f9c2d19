#pragma once

#include <string>

namespace nanodit {

/// "0.123": with a point and a given number of decimals, whatever the locale is.
std::string decimalText(double value, int decimals);

/// "12.3 %" of a share of 0.123.
std::string percentText(double share);

} // namespace nanodit
