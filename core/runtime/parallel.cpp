#include "core/runtime/parallel.h"

#include "core/runtime/machine.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace nanodit {

void forEachParallel(std::size_t count, const std::function<void(std::size_t)>& work, std::size_t threads)
{
    if (threads == 0)
        threads = static_cast<std::size_t>(usableCores());
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr failure;
    const auto drain = [&] {
        for (auto i = next++; i < count; i = next++) {
            try {
                work(i);
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!failure)
                    failure = std::current_exception();
                next = count;
            }
        }
    };
    {
        std::vector<std::jthread> others;
        try {
            for (std::size_t i = 1; i < std::min(threads, count); ++i)
                others.emplace_back(drain);
        } catch (const std::system_error&) { // no more threads: this one does the rest
        }
        drain();
    }
    if (failure)
        std::rethrow_exception(failure);
}

} // namespace nanodit
