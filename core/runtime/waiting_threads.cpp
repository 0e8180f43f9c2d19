#include "core/runtime/waiting_threads.h"

#include <cstdlib>
#include <unistd.h>

namespace nanodit {

void letWaitingThreadsSleep(char** arguments)
{
    constexpr auto variable = "OMP_WAIT_POLICY";
    if (std::getenv(variable) == nullptr && setenv(variable, "passive", 0) == 0)
        execv("/proc/self/exe", arguments); // when that fails the threads spin
}

} // namespace nanodit
