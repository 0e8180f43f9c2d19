#include "app/job_thread.h"

#include <QCoreApplication>

#include <utility>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace nanodit {

namespace {

/// The thread that waits for the next job; null: none does. It ends with the application, while all that threads use
/// is there.
std::unique_ptr<JobThread>& kept()
{
    static std::unique_ptr<JobThread> thread;
    [[maybe_unused]] static const bool ends = (qAddPostRoutine([] { thread.reset(); }), true);
    return thread;
}

/// Compute threads inherit this from the thread that starts them: the window keeps its turn on a machine whose cores
/// are all busy.
void yieldToTheWindow()
{
#ifdef __linux__
    constexpr int niceness = 5;
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), niceness);
#endif
}

} // namespace

std::unique_ptr<JobThread> JobThread::take()
{
    return kept() ? std::move(kept()) : std::make_unique<JobThread>();
}

void JobThread::giveBack(std::unique_ptr<JobThread> thread)
{
    if (!kept())
        kept() = std::move(thread);
}

JobThread::JobThread()
    : thread_([this](const std::stop_token& stop) { run(stop); })
{
}

void JobThread::begin(std::function<void()> work)
{
    {
        const std::lock_guard lock(mutex_);
        work_ = std::move(work);
    }
    changed_.notify_all();
}

void JobThread::wait()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !work_; });
}

void JobThread::run(const std::stop_token& stop)
{
    yieldToTheWindow();
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return work_ != nullptr; })) {
        lock.unlock();
        work_();
        lock.lock();
        work_ = nullptr;
        changed_.notify_all();
    }
}

} // namespace nanodit
