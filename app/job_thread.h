#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

namespace nanodit {

/// A thread that does one piece of work after the other, below the window's priority. LibTorch's compute threads and
/// caches belong to the thread that uses them: on one that is used again they are there already, which a picture that
/// follows a slider would otherwise wait for each time.
class JobThread {
public:
    /// The one that was given back last, or a new one. Home thread.
    static std::unique_ptr<JobThread> take();
    /// Keeps `thread`, which does nothing, for the next that takes one; a second one ends. Home thread.
    static void giveBack(std::unique_ptr<JobThread> thread);

    JobThread();
    /// Waits for the work.
    ~JobThread() = default;

    /// Begins `work`, which throws nothing. Only once that of before has ended.
    void begin(std::function<void()> work);
    /// Waits until the work has ended and all that it held is gone.
    void wait();

private:
    void run(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::function<void()> work_; ///< Null: nothing to do.
    std::jthread thread_;
};

} // namespace nanodit
