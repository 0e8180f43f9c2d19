#include "app/cli/interrupts.h"

#include <chrono>
#include <condition_variable>
#include <utility>

namespace nanodit::cli {

namespace {

volatile std::sig_atomic_t interrupts = 0;

extern "C" void onInterrupt(int)
{
    interrupts = interrupts + 1;
}

} // namespace

Interrupts::Interrupts(std::function<void()> endNow)
    : endNow_(std::move(endNow))
{
    interrupts = 0;
    struct sigaction action = {};
    action.sa_handler = onInterrupt;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &oldInterrupt_);
    sigaction(SIGTERM, &action, &oldTerminate_);
    // A signal handler may only set a flag; this thread passes it on.
    watcher_ = std::jthread([this](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any ended;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
            handle();
            ended.wait_for(lock, stop, std::chrono::milliseconds(50), [] { return false; });
        }
    });
}

Interrupts::~Interrupts()
{
    sigaction(SIGINT, &oldInterrupt_, nullptr);
    sigaction(SIGTERM, &oldTerminate_, nullptr);
}

void Interrupts::jobBegins(std::shared_ptr<JobControl> control)
{
    const std::lock_guard lock(mutex_);
    job_ = std::move(control);
}

void Interrupts::jobEnds()
{
    const std::lock_guard lock(mutex_);
    job_.reset();
    handled_ = interrupts; // one that came as the job ended has nothing left to stop
}

void Interrupts::handle()
{
    bool end = false;
    {
        const std::lock_guard lock(mutex_);
        while (handled_ < interrupts) {
            ++handled_;
            end = end || !job_ || job_->stopRequested();
            if (job_)
                job_->requestStop();
        }
    }
    if (end)
        endNow_();
}

} // namespace nanodit::cli
