#include "app/dataset_jobs.h"

#include "app/job_runner.h"
#include "app/session.h"
#include "core/front/demo.h"

#include <QPointer>

#include <utility>

namespace nanodit {

DatasetJobs::DatasetJobs(Session& session)
    : session_(session)
{
    connect(&session_, &Session::settingsChanged, this, [this] { outdated_ = forecasting_; });
}

void DatasetJobs::createDemo(const QString& folder, std::int64_t scenes)
{
    run(DatasetWork::Demo, tr("Demo workspace"), [this, folder, scenes](JobRunner* runner) {
        DemoRequest request{.folder = folder.toStdString(), .scenes = scenes};
        request.finished = [this, runner](const Workspace& workspace) {
            runner->deliver(
                [this, root = QString::fromStdString(workspace.root.string())] { session_.openWorkspace(root); });
        };
        return makeDemoJob(std::move(request));
    });
}

void DatasetJobs::createWorkspace(const QString& folder, const QString& pictures)
{
    session_.createWorkspace(folder, [who = QPointer<DatasetJobs>(this), pictures] {
        if (who)
            who->importPictures(pictures);
    });
}

template<typename Report>
std::function<void(const Report&)> DatasetJobs::reportTo(JobRunner* runner, void (DatasetJobs::*signal)(const Report&))
{
    return [this, runner, signal](const Report& report) {
        runner->deliver([this, signal, report] { Q_EMIT(this->*signal)(report); });
    };
}

void DatasetJobs::importPictures(const QString& source)
{
    run(DatasetWork::Import, tr("Import"), [this, source](JobRunner* runner) {
        return makeImportJob({.workspace = session_.workspace(),
                              .source = source.toStdString(),
                              .finished = reportTo<ImportReport>(runner, &DatasetJobs::imported)});
    });
}

void DatasetJobs::writeCaptions()
{
    run(DatasetWork::Captions, tr("Captions"), [this](JobRunner* runner) {
        CaptionRequest request{.workspace = session_.workspace()};
        request.onFailure = [this, runner](const Reject& reject) {
            runner->deliver([this, reject] { Q_EMIT recordFailed(QStringLiteral("captions"), reject); });
        };
        request.finished = reportTo<CaptionReport>(runner, &DatasetJobs::captioned);
        return makeCaptionJob(std::move(request));
    });
}

void DatasetJobs::runPasses(const std::vector<Pass>& passes)
{
    run(DatasetWork::Passes, tr("Passes"), [this, passes](JobRunner* runner) {
        PreprocessRequest request{.workspace = session_.workspace(), .passes = passes, .device = session_.device()};
        request.finished = reportTo<PreprocessReport>(runner, &DatasetJobs::preprocessed);
        PassLimits limits;
        limits.onFailure = [this, runner](Pass pass, const Reject& reject) {
            runner->deliver(
                [this, name = QString::fromStdString(passName(pass)), reject] { Q_EMIT recordFailed(name, reject); });
        };
        return makePreprocessJob(std::move(request), std::move(limits));
    });
}

void DatasetJobs::packShards(bool overwrite)
{
    run(DatasetWork::Pack, tr("Packing"), [this, overwrite](JobRunner* runner) {
        ShardRequest request{.workspace = session_.workspace()};
        request.overwrite = overwrite;
        request.finished = reportTo<ShardReport>(runner, &DatasetJobs::packed);
        return makeShardJob(std::move(request));
    });
}

void DatasetJobs::verify()
{
    run(DatasetWork::Verify, tr("Verification"), [this](JobRunner* runner) {
        return makeVerifyJob(
            {.workspace = session_.workspace(), .finished = reportTo<VerifyReport>(runner, &DatasetJobs::verified)});
    });
}

void DatasetJobs::certify(std::int64_t sample)
{
    run(DatasetWork::Certify, tr("Alignment check"), [this, sample](JobRunner* runner) {
        CertifyRequest request{.workspace = session_.workspace()};
        request.sample = sample;
        request.device = session_.device();
        request.finished = reportTo<CertifyReport>(runner, &DatasetJobs::certified);
        return makeCertifyJob(std::move(request));
    });
}

void DatasetJobs::measureDrift(std::int64_t sample)
{
    run(DatasetWork::Drift, tr("Drift measurement"), [this, sample](JobRunner* runner) {
        DriftRequest request{.workspace = session_.workspace()};
        request.sample = sample;
        request.device = session_.device();
        request.finished = reportTo<DriftReport>(runner, &DatasetJobs::driftMeasured);
        return makeDriftJob(std::move(request));
    });
}

void DatasetJobs::findDuplicates()
{
    run(DatasetWork::Duplicates, tr("Duplicate search"), [this](JobRunner* runner) {
        DuplicatesRequest request{.workspace = session_.workspace()};
        request.finished = reportTo<DuplicatesReport>(runner, &DatasetJobs::duplicatesFound);
        return makeDuplicatesJob(std::move(request));
    });
}

void DatasetJobs::forecast()
{
    if (busy() || forecasting_)
        return;
    forecasting_ = true;
    Q_EMIT forecastBegun();
    auto* const runner = session_.newJob(tr("Check of the passes"), Page::Dataset);
    runner->setKeepsNothing(); // it begins by itself
    connect(runner, &JobRunner::failed, this, &DatasetJobs::forecastFailed);
    outdated_ = false;
    connect(runner, &JobRunner::finished, this, [this](JobEnd end) {
        if (end != JobEnd::Cancelled)
            return;
        outdated_ = false; // nobody wants to know any more
        Q_EMIT forecastFailed({tr("The check was stopped.").toStdString()});
    });
    connect(runner, &JobRunner::ended, this, [this] {
        forecasting_ = false;
        if (outdated_)
            forecast();
    });
    ForecastRequest request;
    request.workspace = session_.workspace();
    request.device = session_.device();
    request.finished = reportTo<PreprocessForecast>(runner, &DatasetJobs::forecastMade);
    session_.startJob(runner, makeForecastJob(std::move(request)));
}

void DatasetJobs::run(DatasetWork work, const QString& name,
                      const std::function<std::unique_ptr<Job>(JobRunner*)>& make)
{
    if (busy())
        return Q_EMIT failed(tr("%1 did not start").arg(name),
                             {tr("Another data set job is running; try again when it has ended.").toStdString()});
    auto* const runner = session_.newJob(name, Page::Dataset);
    connect(runner, &JobRunner::failed, this,
            [this, name](const Notice& why) { Q_EMIT failed(tr("%1 failed").arg(name), why); });
    connect(runner, &JobRunner::ended, this, [this] {
        runner_ = nullptr;
        Q_EMIT busyChanged();
        session_.refreshRecords();
        session_.refreshRuns();
    });
    connect(runner, &JobRunner::logged, this, &DatasetJobs::logged);
    runner_ = runner;
    work_ = work;
    Q_EMIT busyChanged();
    session_.startJob(runner, make(runner));
    Q_EMIT started(runner);
}

} // namespace nanodit
