#pragma once

#include <cstddef>
#include <fstream>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace nanodit::test {

/// While this stands the process has the address space for no more than `count` further threads with stacks of `stack`
/// bytes, which new threads get.
class FewThreads {
public:
    FewThreads(std::size_t count, std::size_t stack)
    {
        constexpr std::size_t rest = 500 << 20; // Of the heaps that threads get, and all else.
        std::size_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        getrlimit(RLIMIT_AS, &before_);
        auto limit = before_;
        limit.rlim_cur = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + count * stack + rest;
        pthread_getattr_default_np(&attributes_);
        auto large = attributes_;
        pthread_attr_setstacksize(&large, stack);
        pthread_setattr_default_np(&large);
        setrlimit(RLIMIT_AS, &limit);
    }
    ~FewThreads()
    {
        setrlimit(RLIMIT_AS, &before_);
        pthread_setattr_default_np(&attributes_);
    }
    FewThreads(const FewThreads&) = delete;
    FewThreads& operator=(const FewThreads&) = delete;

private:
    rlimit before_{};
    pthread_attr_t attributes_{};
};

} // namespace nanodit::test
