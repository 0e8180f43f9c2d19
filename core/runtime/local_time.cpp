#include "core/runtime/local_time.h"

#include <array>

namespace nanodit {

std::string localTimeText(std::time_t time)
{
    std::tm local{};
    localtime_r(&time, &local);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
    return text.data();
}

} // namespace nanodit
