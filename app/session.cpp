#include "app/session.h"

#include "app/background_queue.h"
#include "app/job_runner.h"
#include "app/sampling.h"
#include "app/training.h"
#include "app/validating.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/front/demo.h"
#include "core/front/training.h"
#include "core/runtime/compute.h"
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
    , background_(std::make_unique<BackgroundQueue>())
    , training_(new Training(*this))
    , sampling_(new Sampling(*this))
    , validating_(new Validating(*this))
{
    background_->ask(
        this, [] { return computeInfo(); },
        [this](const ComputeInfo& info) {
            compute_ = info;
            Q_EMIT computeKnown();
        });
}

Session::~Session()
{
    stopAllJobs();
    const auto running = std::exchange(jobs_, {});
    for (auto* const runner : running) { // each waits for its thread, while those whom it reports to are still there
        runner->disconnect();
        delete runner;
    }
}

void Session::openWorkspace(const QString& folder)
{
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
        [this](const QString& message) { Q_EMIT failed(tr("The workspace could not be opened"), message); });
}

void Session::adopt(Workspace workspace)
{
    workspace_ = std::move(workspace);
    training_->forgetRun();
    Q_EMIT workspaceChanged();
    Q_EMIT recordsChanged();
    Q_EMIT runsChanged();
}

void Session::createWorkspace(const QString& folder, const QString& pictures)
{
    Q_EMIT workspaceOpening();
    background_->ask(
        this, [path = pathOf(folder)] { return Workspace::create(path); },
        [this, pictures](Workspace workspace) {
            records_ = std::make_shared<const std::vector<RecordInfo>>();
            runs_.clear();
            dinoEncoder_.reset();
            adopt(std::move(workspace));
            importPictures(pictures);
        },
        [this](const QString& message) { Q_EMIT failed(tr("The workspace could not be made"), message); });
}

void Session::createDemo(const QString& folder, std::int64_t scenes)
{
    if (datasetBusy())
        return;
    runDatasetJob(DatasetWork::Demo, tr("demo"), [this, folder, scenes](JobRunner* runner) {
        DemoRequest request{.folder = pathOf(folder), .scenes = scenes};
        request.finished = [this, runner](const Workspace& workspace) {
            runner->deliver([this, root = QString::fromStdString(workspace.root.string())] { openWorkspace(root); });
        };
        return makeDemoJob(std::move(request));
    });
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
        [this](const QString& message) { Q_EMIT failed(tr("The records could not be read"), message); });
}

void Session::changeRecords(const QString& what,
                            std::function<std::vector<RecordInfo>(const Workspace& workspace)> change,
                            std::function<void()> done)
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
        [this, what](const QString& message) { Q_EMIT failed(what, message); });
}

void Session::refreshRuns()
{
    if (!hasWorkspace())
        return;
    background_->ask(
        this, [workspace = *workspace_] { return listRuns(workspace); },
        [this](std::vector<RunInfo> runs) {
            runs_ = std::move(runs);
            Q_EMIT runsChanged();
        },
        [this](const QString& message) { Q_EMIT failed(tr("The runs could not be read"), message); });
}

template<typename Report>
std::function<void(const Report&)> Session::reportTo(JobRunner* runner, void (Session::*signal)(const Report&))
{
    return [this, runner, signal](const Report& report) {
        runner->deliver([this, signal, report] { Q_EMIT(this->*signal)(report); });
    };
}

void Session::importPictures(const QString& source)
{
    runDatasetJob(DatasetWork::Import, tr("import"), [this, source](JobRunner* runner) {
        return makeImportJob({.workspace = *workspace_,
                              .source = pathOf(source),
                              .finished = reportTo<ImportReport>(runner, &Session::imported)});
    });
}

void Session::writeCaptions()
{
    runDatasetJob(DatasetWork::Captions, tr("captions"), [this](JobRunner* runner) {
        CaptionRequest request{.workspace = *workspace_};
        request.onFailure = [this, runner](const Reject& reject) {
            runner->deliver([this, reject] { Q_EMIT recordFailed(QStringLiteral("captions"), reject); });
        };
        request.finished = reportTo<CaptionReport>(runner, &Session::captioned);
        return makeCaptionJob(std::move(request));
    });
}

void Session::runPasses(const std::vector<Pass>& passes)
{
    runDatasetJob(DatasetWork::Passes, tr("passes"), [this, passes](JobRunner* runner) {
        PreprocessRequest request{.workspace = *workspace_, .passes = passes, .device = device_};
        request.finished = reportTo<PreprocessReport>(runner, &Session::preprocessed);
        PassLimits limits;
        limits.onFailure = [this, runner](Pass pass, const Reject& reject) {
            runner->deliver(
                [this, name = QString::fromStdString(passName(pass)), reject] { Q_EMIT recordFailed(name, reject); });
        };
        return makePreprocessJob(std::move(request), std::move(limits));
    });
}

void Session::packShards(bool overwrite)
{
    runDatasetJob(DatasetWork::Pack, tr("pack shards"), [this, overwrite](JobRunner* runner) {
        ShardRequest request{.workspace = *workspace_};
        request.overwrite = overwrite;
        request.finished = reportTo<ShardReport>(runner, &Session::packed);
        return makeShardJob(std::move(request));
    });
}

void Session::verify()
{
    runDatasetJob(DatasetWork::Verify, tr("verify"), [this](JobRunner* runner) {
        return makeVerifyJob(
            {.workspace = *workspace_, .finished = reportTo<VerifyReport>(runner, &Session::verified)});
    });
}

void Session::certify(std::int64_t sample)
{
    runDatasetJob(DatasetWork::Certify, tr("certify alignment"), [this, sample](JobRunner* runner) {
        CertifyRequest request{.workspace = *workspace_};
        request.sample = sample;
        request.device = device_;
        request.finished = reportTo<CertifyReport>(runner, &Session::certified);
        return makeCertifyJob(std::move(request));
    });
}

void Session::measureDrift(std::int64_t sample)
{
    runDatasetJob(DatasetWork::Drift, tr("measure drift"), [this, sample](JobRunner* runner) {
        DriftRequest request{.workspace = *workspace_};
        request.sample = sample;
        request.device = device_;
        request.finished = reportTo<DriftReport>(runner, &Session::driftMeasured);
        return makeDriftJob(std::move(request));
    });
}

void Session::runDatasetJob(DatasetWork work, const QString& name,
                            const std::function<std::unique_ptr<Job>(JobRunner*)>& make)
{
    if (datasetBusy())
        return;
    auto* const runner = newJob(name, Page::Dataset);
    connect(runner, &JobRunner::failed, this,
            [this, name](const QString& message) { Q_EMIT failed(tr("%1 failed").arg(name), message); });
    connect(runner, &JobRunner::ended, this, [this] {
        datasetJob_ = nullptr;
        Q_EMIT datasetBusyChanged();
        refreshRecords();
        refreshRuns();
    });
    connect(runner, &JobRunner::logged, this, &Session::datasetLogged);
    datasetJob_ = runner;
    datasetWork_ = work;
    Q_EMIT datasetBusyChanged();
    startJob(runner, make(runner));
}

JobRunner* Session::newJob(const QString& name, Page page)
{
    return new JobRunner(name, page, this);
}

void Session::startJob(JobRunner* runner, std::unique_ptr<Job> job)
{
    jobs_.push_back(runner);
    connect(runner, &JobRunner::ended, this, [this, runner] {
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

bool Session::idle() const
{
    return jobs_.empty() && background_->pending() == 0;
}

} // namespace nanodit
