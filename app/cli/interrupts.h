#pragma once

#include "core/runtime/job.h"

#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace nanodit::cli {

/// Listens to Ctrl-C and SIGTERM while it lives; there is one at a time. The first asks the running job to stop. The
/// second, or the first without a job, ends the program.
class Interrupts {
public:
    /// `endNow` ends the program, or returns when it is ending already. It is called on a thread of its own.
    explicit Interrupts(std::function<void()> endNow);
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    void jobBegins(std::shared_ptr<JobControl> control);
    void jobEnds();

private:
    std::function<void()> endNow_;
    struct sigaction oldInterrupt_ = {}, oldTerminate_ = {};
    std::mutex mutex_; ///< Guards the two below.
    std::shared_ptr<JobControl> job_;
    int handled_ = 0;
    std::jthread watcher_; ///< Last: it uses all of the above.

    void handle();
};

} // namespace nanodit::cli
