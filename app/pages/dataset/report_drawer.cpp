#include "app/pages/dataset/report_drawer.h"

#include "app/background_queue.h"
#include "app/dataset_jobs.h"
#include "app/job_runner.h"
#include "app/pages/dataset/alignment_panel.h"
#include "app/pages/dataset/buckets_panel.h"
#include "app/pages/dataset/caption_row.h"
#include "app/pages/dataset/drift_panel.h"
#include "app/pages/dataset/duplicates_panel.h"
#include "app/pages/dataset/epoch_panel.h"
#include "app/pages/dataset/passes_panel.h"
#include "app/pages/dataset/record_list.h"
#include "app/pages/dataset/report_view.h"
#include "app/same_workspace.h"
#include "app/wording.h"
#include "core/front/data.h"
#include "widgets/log_view.h"

#include <QTabBar>

#include <utility>

namespace nanodit {

namespace {
constexpr std::int64_t driftSample = 64; ///< Records, spread over the set.
}

ReportDrawer::ReportDrawer(Session& session, DatasetJobs& jobs, CaptionsPanel::Records records, QWidget* parent)
    : QTabWidget(parent)
    , session_(session)
    , jobs_(jobs)
    , report_(new ReportView(this))
    , alignment_(new AlignmentPanel(this))
    , buckets_(new BucketsPanel(this))
    , passes_(new PassesPanel(this))
    , epoch_(new EpochPanel(session, this))
    , drift_(new DriftPanel(this))
    , captions_(new CaptionsPanel(session, std::move(records), this))
    , duplicates_(new DuplicatesPanel(session, this))
    , log_(new LogView(this))
{
    setObjectName(QStringLiteral("reportDrawer"));
    setDocumentMode(true);
    tabBar()->setDrawBase(false);
    tabBar()->setAccessibleName(tr("Reports of the data set"));
    addTab(passes_, tr("Passes"));
    addTab(report_, tr("Report"));
    addTab(alignment_, tr("Alignment"));
    addTab(buckets_, tr("Buckets"));
    addTab(epoch_, tr("Epoch"));
    addTab(drift_, tr("Drift"));
    addTab(duplicates_, tr("Duplicates"));
    addTab(captions_, tr("Captions"));
    addTab(log_, tr("Log"));
    log_->setPlaceholderText(tr("Nothing has run yet. Dataset jobs are logged here."));
    connect(&jobs_, &DatasetJobs::logged, log_, &LogView::append);
    const auto showReport = [this](const auto& report) {
        report_->show(report);
        bring(report_);
    };
    connect(&jobs_, &DatasetJobs::imported, this, showReport);
    connect(&jobs_, &DatasetJobs::preprocessed, this, [this](const PreprocessReport& report) {
        const bool stopped = jobs_.runner() != nullptr && jobs_.runner()->stopping();
        passes_->show(report, stopped);
        report_->show(report, stopped);
        if (!stopped)
            bring(report_);
    });
    connect(&jobs_, &DatasetJobs::packed, this, showReport);
    connect(&jobs_, &DatasetJobs::verified, this, showReport);
    connect(&jobs_, &DatasetJobs::certified, this, [this](const CertifyReport& report) {
        alignment_->show(report);
        bring(alignment_);
    });
    connect(&jobs_, &DatasetJobs::driftMeasured, drift_, &DriftPanel::show);
    connect(&session_, &Session::workspaceChanged, this, [this] {
        report_->clear();
        buckets_->show({});
        passes_->captions()->forget();
        log_->clear();
    });
    connect(&session_, &Session::workspaceChanged, alignment_, &AlignmentPanel::clear);
    connect(&session_, &Session::workspaceChanged, drift_, &DriftPanel::clear);
    connect(&jobs_, &DatasetJobs::duplicatesFound, duplicates_, &DuplicatesPanel::show);
    connect(duplicates_, &DuplicatesPanel::findWanted, this, [this] { jobs_.findDuplicates(); });
    connect(duplicates_, &DuplicatesPanel::recordChosen, this, &ReportDrawer::recordChosen);
    connect(&session_, &Session::workspaceChanged, duplicates_, &DuplicatesPanel::clear);
    connect(&session_, &Session::recordsChanged, duplicates_, &DuplicatesPanel::showStates);
    connect(&jobs_, &DatasetJobs::busyChanged, this, [this] {
        drift_->setMeasurable(!jobs_.busy());
        duplicates_->setFree(!jobs_.busy());
        alignment_->setFree(!jobs_.busy());
    });
    connect(alignment_, &AlignmentPanel::certifyWanted, this, [this] { jobs_.certify(0); });
    connect(alignment_, &AlignmentPanel::keptWanted, this, &ReportDrawer::askKept);
    connect(drift_, &DriftPanel::measureWanted, this, [this] { jobs_.measureDrift(driftSample); });
    connect(buckets_, &BucketsPanel::bucketChosen, this, [this](const QString& bucket) {
        Q_EMIT queryChosen(QString::fromStdString(termText("bucket", bucket.toStdString())));
    });
    // What is known without a job is asked for when it is looked at.
    connect(this, &QTabWidget::currentChanged, this, [this] {
        if (currentWidget() == epoch_)
            epoch_->ask();
        if (currentWidget() == alignment_)
            askKept();
    });
    connect(&session_, &Session::recordsChanged, this, [this] {
        if (currentWidget() == epoch_) // it tells of others now
            epoch_->ask();
        if (currentWidget() == alignment_)
            askKept();
    });
    connect(&session_, &Session::workspaceChanged, epoch_, &EpochPanel::clear);
    connect(epoch_, &EpochPanel::recordChosen, this, &ReportDrawer::recordChosen);
    connect(epoch_, &EpochPanel::packWanted, this, &ReportDrawer::packWanted);
    connect(buckets_, &BucketsPanel::recordChosen, this, &ReportDrawer::recordChosen);
    connectPasses();
    connect(report_, &ReportView::recordChosen, this, &ReportDrawer::recordChosen);
    connect(alignment_, &AlignmentPanel::recordChosen, this, &ReportDrawer::recordChosen);
    connect(drift_, &DriftPanel::recordChosen, this, &ReportDrawer::recordChosen);
    connect(captions_, &CaptionsPanel::recordChosen, this, &ReportDrawer::recordChosen);
    connect(captions_, &CaptionsPanel::failed, this, &ReportDrawer::failed);
}

void ReportDrawer::showBuckets(const RecordList& list)
{
    buckets_->show(list.buckets());
}

void ReportDrawer::connectPasses()
{
    setCurrentWidget(report_);
    connect(passes_, &PassesPanel::forecastWanted, this, [this] { jobs_.forecast(); });
    connect(&session_, &Session::settingsChanged, this, [this] {
        if (passes_->isVisible()) // what is missing may be there now
            jobs_.forecast();
    });
    connect(&jobs_, &DatasetJobs::forecastBegun, passes_, &PassesPanel::beginForecast);
    connect(&jobs_, &DatasetJobs::forecastFailed, passes_, &PassesPanel::fail);
    connect(&jobs_, &DatasetJobs::forecastMade, this,
            [this](const PreprocessForecast& forecast) { passes_->show(forecast); });
    connect(passes_, &PassesPanel::runWanted, this,
            [this](const std::vector<Pass>& passes) { jobs_.runPasses(passes); });
    connect(&jobs_, &DatasetJobs::started, this, &ReportDrawer::follow);
    connect(&jobs_, &DatasetJobs::recordFailed, this, [this](const QString& work, const Reject& reject) {
        report_->addFailure(work, reject);
        if (passes_->captions()->running())
            passes_->captions()->countFailure();
        else
            passes_->countFailure(passFromName(work.toStdString()));
    });
    connect(passes_, &PassesPanel::encoderWanted, this, &ReportDrawer::encoderWanted);
    connect(passes_, &PassesPanel::failuresWanted, this, [this] { bring(report_); });
    connectCaptions();
    connect(&jobs_, &DatasetJobs::busyChanged, passes_, [this] { passes_->setFree(!jobs_.busy()); });
    connect(&session_, &Session::workspaceChanged, passes_, &PassesPanel::clear);
}

/// The panel that will show what the job finds out shows how far it is.
void ReportDrawer::follow(JobRunner* runner)
{
    report_->beginJob();
    const auto name = runner->name();
    log_->append(LogLevel::Info, tr("%1: started").arg(name));
    connect(runner, &JobRunner::finished, log_, [this, name](JobEnd end) {
        log_->append(LogLevel::Info, end == JobEnd::Finished ? tr("%1: done").arg(name) : tr("%1: stopped").arg(name));
    });
    connect(runner, &JobRunner::failed, log_, [this, name](const Notice& why) {
        log_->append(LogLevel::Error, QStringLiteral("%1: %2").arg(name, noticeText(why)));
    });
    connect(runner, &JobRunner::progressed, passes_, &PassesPanel::showProgress);
    connect(runner, &JobRunner::progressed, passes_->captions(), &CaptionRow::showProgress);
    const auto inReport = [this, runner](const QString& doing, const QString& stopped, const QString& failed) {
        report_->follow(runner, doing, stopped, failed);
        bring(report_);
    };
    switch (jobs_.work()) {
    case DatasetWork::Demo:
        return; // told where it was asked for
    case DatasetWork::Captions:
        return passes_->beginCaptions(runner);
    case DatasetWork::Passes:
        return passes_->beginRun(runner);
    case DatasetWork::Certify:
        alignment_->follow(runner);
        return bring(alignment_);
    case DatasetWork::Drift:
        drift_->follow(runner);
        return bring(drift_);
    case DatasetWork::Duplicates:
        duplicates_->follow(runner);
        return bring(duplicates_);
    case DatasetWork::Import:
        return inReport(tr("Importing pictures…"), tr("The import was stopped. Import again to resume."),
                        tr("The import stopped with an error"));
    case DatasetWork::Pack:
        return inReport(tr("Packing shards…"), tr("Packing was stopped; the existing set is unchanged."),
                        tr("Could not pack the shards"));
    case DatasetWork::Verify:
        return inReport(tr("Reading every array…"), tr("Verification was stopped before it had a result."),
                        tr("Could not verify the arrays"));
    }
}

void ReportDrawer::askKept()
{
    if (alignment_->told() || !session_.hasWorkspace())
        return;
    session_.readings().ask(
        this, [workspace = session_.workspace()] { return certifiedSoFar(workspace); },
        [this, same = SameWorkspace(session_)](const CertifyReport& kept) {
            if (same)
                alignment_->showKept(kept);
        },
        [this, same = SameWorkspace(session_)](const Notice& why) {
            if (same)
                Q_EMIT failed(tr("Could not read the stored certificates"), why);
        });
}

void ReportDrawer::connectCaptions()
{
    connect(passes_, &PassesPanel::captionsWanted, this, [this] { jobs_.writeCaptions(); });
    connect(&jobs_, &DatasetJobs::captioned, this, [this](const CaptionReport& report) {
        passes_->clear(); // text is stale now
        passes_->captions()->show(report);
        report_->show(report);
        if (!report.failures.empty())
            bring(report_);
    });
    connect(&session_, &Session::recordsChanged, this, [this] {
        std::int64_t without = 0;
        for (const auto& record : session_.records())
            without += record.caption.empty() && record.excluded.empty();
        passes_->captions()->setRecords(!session_.workspace().config.captionCommand.empty(), without);
    });
}

void ReportDrawer::open(int tab)
{
    if (widget(tab) == passes_)
        return openPasses();
    if (widget(tab) != nullptr)
        bring(widget(tab));
}

void ReportDrawer::openPasses()
{
    bring(passes_);
    jobs_.forecast();
}

void ReportDrawer::openCaptions()
{
    bring(captions_);
    captions_->begin();
}

void ReportDrawer::log(LogLevel level, const QString& text)
{
    log_->append(level, text);
}

void ReportDrawer::bring(QWidget* panel)
{
    setCurrentWidget(panel);
    Q_EMIT reported();
}

} // namespace nanodit
