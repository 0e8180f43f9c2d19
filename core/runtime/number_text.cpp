#include "core/runtime/number_text.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace nanodit {

std::string decimalText(double value, int decimals)
{
    std::array<char, 400> text; // the largest double has 309 digits before its point
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals);
    return {text.data(), end.ptr};
}

std::string roughText(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.2g", value);
    return text;
}

std::string counted(std::int64_t count, const std::string& noun)
{
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string percentText(double share)
{
    return decimalText(100 * share, 1) + " %";
}

} // namespace nanodit
