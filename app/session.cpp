#include "app/session.h"

#include "app/background_queue.h"
#include "app/compute_setting.h"
#include "app/job_runner.h"
#include "app/surely.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/front/sampling.h"
#include "core/front/training.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"

#include <algorithm>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// What opening a workspace finds out, made in the background.
struct Opened {
    Workspace workspace;
    RecordsValue records;
    std::vector<RunInfo> runs;
    std::optional<DinoEncoderInfo> dino;
};

std::optional<DinoEncoderInfo> dinoEncoderOf(const Workspace& workspace)
{
    try {
        return dinoEncoderInfo(workspace);
    } catch (const Error&) { // none yet: grids are drawn when there is one
        return std::nullopt;
    }
}

RecordsValue readRecords(const Workspace& workspace)
{
    return std::make_shared<const std::vector<RecordInfo>>(listRecords(workspace));
}

/// `records` with those of `changed`, which are some of them, in their places.
RecordsValue withChanged(const std::vector<RecordInfo>& records, std::vector<RecordInfo> changed)
{
    auto all = records;
    for (auto& record : changed) {
        const auto place = std::ranges::lower_bound(all, record.id, {}, &RecordInfo::id);
        if (place != all.end() && place->id == record.id)
            *place = std::move(record);
    }
    return std::make_shared<const std::vector<RecordInfo>>(std::move(all));
}

Opened readWorkspace(const fs::path& folder)
{
    Opened opened{.workspace = Workspace::open(folder), .records = {}, .runs = {}, .dino = {}};
    opened.records = readRecords(opened.workspace);
    opened.runs = listRuns(opened.workspace);
    opened.dino = dinoEncoderOf(opened.workspace);
    return opened;
}

fs::path pathOf(const QString& text)
{
    return fs::path(text.toStdString());
}

} // namespace

Session::Session(QObject* parent)
    : QObject(parent)
    , records_(std::make_shared<const std::vector<RecordInfo>>())
    , background_(
          std::make_unique<BackgroundQueue>(BackgroundQueue::Order::OldestFirst, BackgroundQueue::AtEnd::Finish))
    , readings_(std::make_unique<BackgroundQueue>())
    , compute_(std::make_unique<ComputeSetting>(*readings_))
{
}

const ComputeChoice& Session::device() const
{
    return compute_->choice();
}

Session::~Session()
{
    endAllJobs();
}

void Session::leave()
{
    Q_EMIT leaving();
}

void Session::openWorkspace(const QString& folder)
{
    leave();
    Q_EMIT workspaceOpening();
    background_->ask(
        this,
        [path = pathOf(folder), newest = newest_] {
            auto opened = readWorkspace(path);
            *newest = {opened.workspace.root, opened.records};
            return opened;
        },
        [this](Opened opened) {
            records_ = std::move(opened.records);
            runs_ = std::move(opened.runs);
            dinoEncoder_ = std::move(opened.dino);
            adopt(std::move(opened.workspace));
        },
        [this](const Notice& why) { Q_EMIT failed(tr("Could not open the workspace"), why); });
}

void Session::adopt(Workspace workspace)
{
    ++opened_;
    giveBackModels(); // those of the workspace before; what still uses one keeps it until its end
    workspace_ = std::move(workspace);
    surely([this] { Q_EMIT workspaceChanged(); });
    surely([this] { Q_EMIT recordsChanged(); });
    surely([this] { Q_EMIT runsChanged(); });
}

void Session::createWorkspace(const QString& folder, std::function<void()> made)
{
    leave();
    Q_EMIT workspaceOpening();
    background_->ask(
        this, [path = pathOf(folder)] { return Workspace::create(path); },
        [this, made = std::move(made)](Workspace workspace) {
            records_ = std::make_shared<const std::vector<RecordInfo>>();
            runs_.clear();
            dinoEncoder_.reset();
            adopt(std::move(workspace));
            made();
        },
        [this](const Notice& why) { Q_EMIT failed(tr("Could not create the workspace"), why); });
}

void Session::takeSettings(Workspace workspace)
{
    if (!hasWorkspace() || workspace.root != workspace_->root)
        return;
    workspace_ = std::move(workspace);
    Q_EMIT settingsChanged();
    refreshRecords();
}

const RecordInfo* Session::record(const QString& id) const
{
    const auto name = id.toStdString();
    const auto found = std::ranges::lower_bound(*records_, name, {}, &RecordInfo::id);
    return found == records_->end() || found->id != name ? nullptr : &*found;
}

bool Session::hasShards() const
{
    std::error_code none;
    return hasWorkspace() && fs::exists(workspace_->shardsFolder() / "train" / "shards.json", none);
}

void Session::refreshRecords()
{
    if (!hasWorkspace())
        return;
    background_->ask(
        this,
        [workspace = *workspace_, newest = newest_] {
            Opened read{.workspace = workspace,
                        .records = readRecords(workspace),
                        .runs = {},
                        .dino = dinoEncoderOf(workspace)};
            *newest = {workspace.root, read.records};
            return read;
        },
        [this](Opened read) {
            if (!hasWorkspace() || read.workspace.root != workspace_->root)
                return;
            records_ = std::move(read.records);
            dinoEncoder_ = std::move(read.dino);
            Q_EMIT recordsChanged();
        },
        [this, opened = opened_](const Notice& why) {
            if (opened == opened_)
                Q_EMIT failed(tr("Could not read the records"), why);
        });
}

void Session::changeRecords(std::function<std::vector<RecordInfo>(const Workspace& workspace)> change,
                            std::function<void()> done, std::function<void(const Notice& why)> onFailure)
{
    if (!hasWorkspace())
        return;
    background_->ask(
        this,
        [workspace = *workspace_, newest = newest_, change = std::move(change)] {
            auto changed = change(workspace);
            *newest = {workspace.root, newest->root == workspace.root
                                           ? withChanged(*newest->records, std::move(changed))
                                           : readRecords(workspace)};
            return *newest;
        },
        [this, done = std::move(done)](NewestRecords all) {
            if (!hasWorkspace() || all.root != workspace_->root)
                return;
            records_ = std::move(all.records);
            done();
            Q_EMIT recordsChanged();
        },
        std::move(onFailure));
}

void Session::refreshRuns()
{
    if (!hasWorkspace())
        return;
    readings_->ask(
        this, [workspace = *workspace_] { return listRuns(workspace); },
        [this, opened = opened_](std::vector<RunInfo> runs) {
            if (opened != opened_)
                return;
            runs_ = std::move(runs);
            Q_EMIT runsChanged();
        },
        [this, opened = opened_](const Notice& why) {
            if (opened == opened_)
                Q_EMIT failed(tr("Could not read the runs"), why);
        });
}

JobRunner* Session::newJob(const QString& name, Page page)
{
    return new JobRunner(name, page, this);
}

void Session::startJob(JobRunner* runner, std::unique_ptr<Job> job)
{
    jobs_.push_back(runner);
    connect(runner, &JobRunner::released, this, [this, runner] {
        std::erase(jobs_, runner);
        Q_EMIT jobEnded(runner);
        runner->deleteLater();
        if (jobs_.empty())
            Q_EMIT allJobsEnded();
    });
    runner->start(std::move(job));
    Q_EMIT jobStarted(runner);
}

void Session::stopAllJobs()
{
    const auto running = jobs_;
    for (auto* const runner : running)
        runner->requestStop();
}

void Session::endAllJobs()
{
    stopAllJobs();
    const auto running = std::exchange(jobs_, {});
    for (auto* const runner : running) {
        runner->disconnect();
        delete runner; // waits for its thread
    }
}

bool Session::idle() const
{
    return jobs_.empty() && pending() == 0;
}

int Session::pending() const
{
    return background_->pending() + readings_->pending();
}

} // namespace nanodit
