#include "app/job_runner.h"

#include "app/surely.h"
#include "core/runtime/error.h"

#include <exception>
#include <utility>

namespace nanodit {

namespace {

constexpr int deliveryIntervalMilliseconds = 34;

} // namespace

JobRunner::JobRunner(QString name, Page page, QObject* parent)
    : QObject(parent)
    , name_(std::move(name))
    , page_(page)
{
    drainTimer_.setSingleShot(true);
    connect(&drainTimer_, &QTimer::timeout, this, &JobRunner::drain);
}

JobRunner::~JobRunner()
{
    control_->requestStop();
    releaseThread();
}

JobRunner::Outcome JobRunner::runToItsEnd(Job& job, const JobContext& context)
{
    try {
        return {.end = job.run(context)};
    } catch (const std::exception& error) {
        return {.failure = noticeOf(error)};
    } catch (...) {
        return {.failure = Notice{.text = tr("The job stopped because of an unknown error.").toStdString()}};
    }
}

void JobRunner::start(std::unique_ptr<Job> job)
{
    running_ = true;
    JobContext context{.control = control_,
                       .report = [this](const Progress& progress) { post(progress); },
                       .log =
                           [this](LogLevel level, const std::string& text) {
                               deliver(
                                   [this, level, line = QString::fromStdString(text)] { Q_EMIT logged(level, line); });
                           }};
    thread_ = JobThread::take();
    thread_->begin([this, owned = std::shared_ptr(std::move(job)), context = std::move(context)]() mutable {
        const auto outcome = runToItsEnd(*owned, context);
        owned.reset(); // what the job holds (a model, files) is gone before the window hears of its end
        QMetaObject::invokeMethod(
            this, [this, outcome] { finish(outcome); }, Qt::QueuedConnection);
    });
}

void JobRunner::releaseThread()
{
    if (!thread_)
        return;
    thread_->wait();
    JobThread::giveBack(std::move(thread_));
}

void JobRunner::post(const Progress& progress)
{
    const std::lock_guard lock(mutex_);
    newest_ = progress;
    newestPlace_ = events_.size();
    wakeHome();
}

void JobRunner::deliver(std::function<void()> event)
{
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    wakeHome();
}

void JobRunner::wakeHome()
{
    if (std::exchange(homeAwake_, true))
        return;
    QMetaObject::invokeMethod(this, &JobRunner::drainSoon, Qt::QueuedConnection);
}

void JobRunner::drainSoon()
{
    const auto waited = sinceDrain_.isValid() ? sinceDrain_.elapsed() : deliveryIntervalMilliseconds;
    if (waited >= deliveryIntervalMilliseconds)
        drain();
    else
        drainTimer_.start(static_cast<int>(deliveryIntervalMilliseconds - waited));
}

void JobRunner::drain()
{
    std::optional<Progress> progress;
    std::size_t place = 0;
    std::vector<std::function<void()>> events;
    {
        const std::lock_guard lock(mutex_);
        progress = std::exchange(newest_, std::nullopt);
        place = newestPlace_;
        events = std::exchange(events_, {});
        homeAwake_ = false;
    }
    sinceDrain_.start();
    for (std::size_t i = 0; i <= events.size(); ++i) {
        if (progress && i == place) {
            lastProgress_ = *progress;
            surely([this] { Q_EMIT progressed(lastProgress_); });
        }
        if (i < events.size())
            surely(events[i]);
    }
}

void JobRunner::finish(const Outcome& outcome)
{
    drain();
    releaseThread(); // a job that begins at the end of this one takes it
    running_ = false;
    surely([this, &outcome] {
        if (outcome.failure)
            Q_EMIT failed(*outcome.failure);
        else
            Q_EMIT finished(outcome.end);
    });
    surely([this] { Q_EMIT ended(); });
    Q_EMIT released();
}

void JobRunner::pause()
{
    control_->pause();
    paused_ = true;
    Q_EMIT pausedChanged(true);
}

void JobRunner::resume()
{
    control_->resume();
    paused_ = false;
    Q_EMIT pausedChanged(false);
}

void JobRunner::requestStop()
{
    control_->requestStop();
    stopping_ = true;
    Q_EMIT stoppingChanged();
}

} // namespace nanodit
