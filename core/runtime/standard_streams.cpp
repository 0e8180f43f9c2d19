#include "core/runtime/standard_streams.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <unistd.h>

namespace nanodit {

void holdStandardStreams()
{
    // In the direction in which nobody uses it: the result that cannot be printed stays an error.
    constexpr std::array<int, 3> modes = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (std::size_t stream = 0; stream < modes.size(); ++stream) {
        const auto descriptor = static_cast<int>(stream);
        if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF)
            ::open("/dev/null", modes[stream]); // the lowest number that is free, which is this one
    }
}

} // namespace nanodit
