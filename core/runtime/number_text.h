#pragma once

#include <cstdint>
#include <string>

namespace nanodit {

/// "0.123": with a point and a given number of decimals, whatever the locale is.
std::string decimalText(double value, int decimals);

/// "0.123", "1.2e-05": at most so many significant digits, without zeros behind them, as printf's %g has it; whatever
/// the locale is.
std::string significantText(double value, int digits);

/// "1.2e-05": two significant digits, for how large an error is.
std::string roughText(double value);

/// "1 record", "2 records": a noun whose plural has an s more.
std::string counted(std::int64_t count, const std::string& noun);

/// "12.3 %" of a share of 0.123.
std::string percentText(double share);

} // namespace nanodit
