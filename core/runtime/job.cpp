#include "core/runtime/job.h"

#include <utility>

namespace nanodit {

void JobControl::requestStop()
{
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
}

void JobControl::pause()
{
    const std::lock_guard lock(mutex_);
    if (!pausedSince_)
        pausedSince_ = Clock::now();
}

void JobControl::resume()
{
    const std::lock_guard lock(mutex_);
    if (pausedSince_)
        pausedBefore_ += Clock::now() - *pausedSince_;
    pausedSince_.reset();
    changed_.notify_all();
}

bool JobControl::stopRequested() const
{
    const std::lock_guard lock(mutex_);
    return stop_;
}

bool JobControl::paused() const
{
    const std::lock_guard lock(mutex_);
    return pausedSince_.has_value();
}

bool JobControl::waitWhilePaused()
{
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_ || !pausedSince_; });
    return stop_;
}

JobControl::Clock::duration JobControl::pausedFor() const
{
    const std::lock_guard lock(mutex_);
    return pausedBefore_ + (pausedSince_ ? Clock::now() - *pausedSince_ : Clock::duration());
}

namespace {

class FunctionJob final : public Job {
public:
    explicit FunctionJob(std::function<JobEnd(const JobContext&)> work)
        : work_(std::move(work))
    {
    }
    JobEnd run(const JobContext& context) override { return work_(context); }

private:
    std::function<JobEnd(const JobContext&)> work_;
};

} // namespace

std::unique_ptr<Job> makeJob(std::function<JobEnd(const JobContext&)> work)
{
    return std::make_unique<FunctionJob>(std::move(work));
}

ProgressMeter::ProgressMeter(const JobContext& context, Stage stage, std::int64_t total, Unit unit)
    : context_(context)
    , pausedBefore_(context.control->pausedFor())
{
    progress_.stage = std::move(stage);
    progress_.total = total;
    progress_.unit = unit;
    context_.report(progress_);
}

void ProgressMeter::skip(std::int64_t alreadyDone)
{
    skipped_ += alreadyDone;
    update(done_ + alreadyDone);
}

void ProgressMeter::update(std::int64_t done)
{
    done_ = done;
    const auto now = Clock::now();
    const bool last = progress_.total > 0 && done_ >= progress_.total;
    if (!last && now - lastReport_ < std::chrono::milliseconds(33))
        return;
    lastReport_ = now;
    progress_.done = done_;
    const auto paused = context_.control->pausedFor() - pausedBefore_;
    const double seconds = std::chrono::duration<double>(now - start_ - paused).count();
    const auto fresh = done_ - skipped_;
    if (fresh > 0 && seconds > 0) {
        progress_.perSecond = static_cast<double>(fresh) / seconds;
        if (progress_.total > 0)
            progress_.secondsLeft = static_cast<double>(progress_.total - done_) / progress_.perSecond;
    }
    context_.report(progress_);
}

} // namespace nanodit
