#include "core/runtime/number_text.h"

#include <array>
#include <charconv>

namespace nanodit {

std::string decimalText(double value, int decimals)
{
    std::array<char, 400> text; // the largest double has 309 digits before its point
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals);
    return {text.data(), end.ptr};
}

std::string significantText(double value, int digits)
{
    std::array<char, 64> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, digits);
    return {text.data(), end.ptr};
}

std::string roughText(double value)
{
    return significantText(value, 2);
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
