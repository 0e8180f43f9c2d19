#include "app/pages/dataset/report_drawer.h"

#include "app/job_runner.h"
#include "app/pages/dataset/alignment_panel.h"
#include "app/pages/dataset/buckets_panel.h"
#include "app/pages/dataset/caption_row.h"
#include "app/pages/dataset/drift_panel.h"
#include "app/pages/dataset/epoch_panel.h"
#include "app/pages/dataset/passes_panel.h"
#include "app/pages/dataset/record_list.h"
#include "app/pages/report_view.h"
#include "widgets/log_view.h"

#include <QTabBar>

namespace nanodit {

namespace {
constexpr std::int64_t driftSample = 64; ///< Records, spread over the set.
}

ReportDrawer::ReportDrawer(Session& session, QWidget* parent)
    : QTabWidget(parent)
    , session_(session)
    , report_(new ReportView(this))
    , alignment_(new AlignmentPanel(this))
    , buckets_(new BucketsPanel(this))
    , passes_(new PassesPanel(this))
    , epoch_(new EpochPanel(session, this))
    , drift_(new DriftPanel(this))
{
    setObjectName(QStringLiteral("reportDrawer"));
    setDocumentMode(true);
    tabBar()->setDrawBase(false);
    auto* const log = new LogView(this);
    addTab(passes_, tr("Passes"));
    addTab(report_, tr("Report"));
    addTab(alignment_, tr("Alignment"));
    addTab(buckets_, tr("Buckets"));
    addTab(epoch_, tr("Epoch"));
    addTab(drift_, tr("Drift"));
    addTab(log, tr("Log"));
    connect(&session_, &Session::datasetLogged, log, &LogView::append);
    const auto showReport = [this](const auto& report) {
        report_->show(report);
        bring(report_);
    };
    connect(&session_, &Session::imported, this, showReport);
    connect(&session_, &Session::preprocessed, this, showReport);
    connect(&session_, &Session::packed, this, showReport);
    connect(&session_, &Session::verified, this, showReport);
    connect(&session_, &Session::certified, this, [this](const CertifyReport& report) {
        alignment_->show(report);
        bring(alignment_);
    });
    connect(&session_, &Session::driftMeasured, drift_, &DriftPanel::show);
    connect(&session_, &Session::workspaceChanged, alignment_, &AlignmentPanel::clear);
    connect(&session_, &Session::workspaceChanged, drift_, &DriftPanel::clear);
    connect(&session_, &Session::datasetBusyChanged, drift_,
            [this] { drift_->setMeasurable(!session_.datasetBusy()); });
    connect(drift_, &DriftPanel::measureWanted, this, [this] { session_.measureDrift(driftSample); });
    connect(buckets_, &BucketsPanel::bucketChosen, this, [this](const QString& bucket) {
        Q_EMIT queryChosen(QString::fromStdString(termText("bucket", bucket.toStdString())));
    });
    // The ledger is made when it is looked at, and anew when what it tells of is others.
    connect(this, &QTabWidget::currentChanged, this, [this] {
        if (currentWidget() == epoch_)
            epoch_->ask();
    });
    connect(&session_, &Session::recordsChanged, epoch_, [this] {
        if (currentWidget() == epoch_)
            epoch_->ask();
    });
    connect(&session_, &Session::workspaceChanged, epoch_, &EpochPanel::clear);
    connect(epoch_, &EpochPanel::recordChosen, this, &ReportDrawer::recordChosen);
    connect(buckets_, &BucketsPanel::recordChosen, this, &ReportDrawer::recordChosen);
    connectPasses();
    connect(report_, &ReportView::recordChosen, this, &ReportDrawer::recordChosen);
    connect(alignment_, &AlignmentPanel::recordChosen, this, &ReportDrawer::recordChosen);
    connect(drift_, &DriftPanel::recordChosen, this, &ReportDrawer::recordChosen);
}

void ReportDrawer::showBuckets(const RecordList& list)
{
    buckets_->show(list.buckets());
}

void ReportDrawer::connectPasses()
{
    setCurrentWidget(report_);
    connect(passes_, &PassesPanel::forecastWanted, this, &ReportDrawer::forecast);
    connect(passes_, &PassesPanel::runWanted, this, [this](const std::vector<Pass>& passes) {
        passes_->beginRun();
        session_.runPasses(passes);
    });
    connect(&session_, &Session::jobStarted, this, [this](JobRunner* runner) {
        if (runner != session_.datasetJob())
            return;
        report_->beginJob();
        connect(runner, &JobRunner::progressed, passes_, &PassesPanel::showProgress);
        connect(runner, &JobRunner::progressed, passes_->captions(), &CaptionRow::showProgress);
    });
    connect(&session_, &Session::recordFailed, this, [this](const QString& work, const Reject& reject) {
        report_->addFailure(work, reject);
        if (passes_->captions()->running())
            passes_->captions()->countFailure();
        else
            passes_->countFailure(passFromName(work.toStdString()));
    });
    connect(passes_, &PassesPanel::failuresWanted, this, [this] { bring(report_); });
    connectCaptions();
    connect(&session_, &Session::preprocessed, passes_,
            [this](const PreprocessReport& report) { passes_->show(report); });
    connect(&session_, &Session::datasetBusyChanged, passes_, [this] { passes_->setFree(!session_.datasetBusy()); });
    connect(&session_, &Session::workspaceChanged, passes_, &PassesPanel::clear);
}

void ReportDrawer::connectCaptions()
{
    connect(passes_, &PassesPanel::captionsWanted, this, [this] {
        passes_->captions()->beginRun();
        session_.writeCaptions();
    });
    connect(&session_, &Session::captioned, this, [this](const CaptionReport& report) {
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

void ReportDrawer::openPasses()
{
    bring(passes_);
    forecast();
}

void ReportDrawer::forecast()
{
    if (session_.datasetBusy() || forecasting_)
        return;
    forecasting_ = true;
    passes_->beginForecast();
    auto* const runner = session_.newJob(tr("look ahead"), Page::Dataset);
    connect(runner, &JobRunner::failed, passes_, &PassesPanel::fail);
    connect(runner, &JobRunner::ended, this, [this] { forecasting_ = false; });
    ForecastRequest request;
    request.workspace = session_.workspace();
    request.device = session_.device();
    request.finished = [this, runner](const PreprocessForecast& forecast) {
        runner->deliver([this, forecast] { passes_->show(forecast); });
    };
    session_.startJob(runner, makeForecastJob(std::move(request)));
}

void ReportDrawer::bring(QWidget* panel)
{
    setCurrentWidget(panel);
    Q_EMIT reported();
}

} // namespace nanodit
