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
#include <iterator>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// What is read of the records, in the background.
struct ReadRecords {
    Workspace workspace;
    RecordsValue records;
    std::optional<DinoEncoderInfo> dino;
    bool shards = false;
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

bool shardsIn(const Workspace& workspace)
{
    std::error_code none;
    return fs::exists(workspace.shardsFolder() / "train" / "shards.json", none);
}

ReadRecords readRecordsOf(const Workspace& workspace)
{
    return {.workspace = workspace,
            .records = readRecords(workspace),
            .dino = dinoEncoderOf(workspace),
            .shards = shardsIn(workspace)};
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
            auto read = readRecordsOf(Workspace::open(path));
            *newest = {read.workspace.root, read.records};
            auto known = readRuns(read.workspace);
            return std::pair(std::move(read), std::move(known));
        },
        [this](std::pair<ReadRecords, KnownRuns> opened) {
            auto& [read, known] = opened;
            records_ = std::move(read.records);
            dinoEncoder_ = std::move(read.dino);
            take(std::move(known));
            adopt(std::move(read.workspace));
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
            take({});
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

Session::KnownRuns Session::readRuns(const Workspace& workspace)
{
    KnownRuns known{.runs = listRuns(workspace), .bothWeights = {}, .shards = shardsIn(workspace)};
    for (const auto& run : known.runs)
        std::ranges::copy_if(run.checkpoints, std::inserter(known.bothWeights, known.bothWeights.end()),
                             hasBothWeights);
    return known;
}

void Session::take(KnownRuns known)
{
    runs_ = std::move(known.runs);
    bothWeights_ = std::move(known.bothWeights);
    hasShards_ = known.shards;
}

void Session::refreshRecords()
{
    if (!hasWorkspace())
        return;
    background_->ask(
        this,
        [workspace = *workspace_, newest = newest_] {
            auto read = readRecordsOf(workspace);
            *newest = {workspace.root, read.records};
            return read;
        },
        [this](ReadRecords read) {
            if (!hasWorkspace() || read.workspace.root != workspace_->root)
                return;
            records_ = std::move(read.records);
            hasShards_ = read.shards;
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
        this, [workspace = *workspace_] { return readRuns(workspace); },
        [this, opened = opened_](KnownRuns known) {
            if (opened != opened_)
                return;
            take(std::move(known));
            Q_EMIT runsChanged();
        },
        [this, opened = opened_](const Notice& why) {
            if (opened != opened_)
                return;
            Q_EMIT failed(tr("Could not read the runs"), why);
            Q_EMIT runsUnreadable(why);
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
