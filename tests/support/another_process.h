#pragma once

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <sys/wait.h>
#include <thread>
#include <type_traits>
#include <unistd.h>

namespace nanodit::test {

/// Runs `work` in a process of its own that ends without destructors. Its exit code is what `work` gives, 0 when that
/// is void, 99 when it threw.
template<typename Work>
pid_t startProcess(Work&& work)
{
    const pid_t child = ::fork();
    if (child != 0)
        return child;
    int code = 0;
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<Work>>)
            work();
        else
            code = work();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        code = 99;
    }
    ::_exit(code);
}

/// Waits for the end of a process: its exit code, or minus the signal that ended it.
inline int endOf(pid_t process)
{
    int status = 0;
    ::waitpid(process, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

template<typename Work>
int inAnotherProcess(Work&& work)
{
    return endOf(startProcess(work));
}

/// The same, killed after `life` if it has not ended by then.
template<typename Work>
int inAnotherProcess(std::chrono::microseconds life, Work&& work)
{
    const auto child = startProcess(work);
    std::this_thread::sleep_for(life);
    ::kill(child, SIGKILL);
    return endOf(child);
}

constexpr uid_t nobody = 65534;

/// Permissions hold root back from nothing: gives up being root, for the rest of this process. Whether that worked.
inline bool becomeNobody()
{
    return ::geteuid() != 0 || (::setgid(nobody) == 0 && ::setuid(nobody) == 0);
}

} // namespace nanodit::test
