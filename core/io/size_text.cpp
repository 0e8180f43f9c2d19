#include "core/io/size_text.h"

#include "core/runtime/number_text.h"

#include <array>

namespace nanodit {

std::string sizeText(std::int64_t bytes)
{
    constexpr std::array units = {"B", "kB", "MB", "GB", "TB"};
    auto size = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; size >= 1000 && unit + 1 < units.size(); ++unit)
        size /= 1000;
    return decimalText(size, unit == 0 ? 0 : 1) + " " + units[unit];
}

} // namespace nanodit
