#pragma once

#include "core/runtime/stage.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace nanodit {

/// Where a job stands. A value: copied from the job's thread to whoever shows it.
struct Progress {
    /// For a job with several parts, such as the models of an experiment: which of them.
    struct Part {
        std::int64_t number = 1; ///< From 1.
        std::int64_t count = 1;
        std::string name;
    };

    Stage stage;
    std::int64_t done = 0;                  ///< Units finished.
    std::int64_t total = 0;                 ///< Units altogether; 0 when unknown.
    Unit unit = Unit::None;                 ///< What `done` and `total` count.
    double perSecond = 0;                   ///< Units per second, smoothed; 0 until known.
    std::optional<double> secondsLeft = {}; ///< Empty until known.
    std::optional<Part> part = {};
};

enum class LogLevel { Info, Warning, Error };
enum class JobEnd { Finished, Cancelled };

/// Controls of a running job. Every member may be called from any thread.
class JobControl {
public:
    using Clock = std::chrono::steady_clock;
    void requestStop();
    void pause();
    void resume();
    bool stopRequested() const;
    bool paused() const;
    /// Returns at once unless paused; while paused, blocks until resumed or stopped. True when the job should stop.
    bool waitWhilePaused();
    /// How long it has been paused so far.
    Clock::duration pausedFor() const;

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stop_ = false;
    std::optional<Clock::time_point> pausedSince_; ///< While it is paused.
    Clock::duration pausedBefore_{};               ///< Pauses that have ended.
};

/// What a job is given to work with. Called on the job's thread only.
class JobContext {
public:
    std::shared_ptr<JobControl> control = std::make_shared<JobControl>();
    std::function<void(const Progress&)> report = [](const Progress&) {};
    std::function<void(LogLevel, const std::string&)> log = [](LogLevel, const std::string&) {};

    /// Call between units of work, at least every second: blocks while paused, true when the job should stop.
    bool shouldStop() const { return control->waitWhilePaused(); }
    void info(const std::string& text) const { log(LogLevel::Info, text); }
    void warn(const std::string& text) const { log(LogLevel::Warning, text); }
};

/// A piece of work that takes long. It knows no threads, no window, no terminal; it throws on failure and
/// leaves nothing half-written when it is stopped.
class Job {
public:
    virtual ~Job() = default;
    virtual JobEnd run(const JobContext& context) = 0;
};

/// Makes a job of a function.
std::unique_ptr<Job> makeJob(std::function<JobEnd(const JobContext&)> work);

/// Turns counts into Progress with a smoothed rate and the time left, for which pauses do not count; reports at most 30
/// times a second.
class ProgressMeter {
public:
    ProgressMeter(const JobContext& context, Stage stage, std::int64_t total, Unit unit);
    /// `done` units are finished now (work that an earlier run had finished counts through `alreadyDone`).
    void update(std::int64_t done);
    void advance(std::int64_t count = 1) { update(done_ + count); }
    void skip(std::int64_t alreadyDone);
    std::int64_t done() const { return done_; }

private:
    using Clock = JobControl::Clock;
    const JobContext& context_;
    Progress progress_;
    std::int64_t done_ = 0;
    std::int64_t skipped_ = 0;
    Clock::time_point start_ = Clock::now();
    Clock::duration pausedBefore_; ///< It began.
    Clock::time_point lastReport_{};
};

} // namespace nanodit
