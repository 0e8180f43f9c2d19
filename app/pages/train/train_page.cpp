#include "app/pages/train/train_page.h"

#include "app/dialogs.h"
#include "app/failures.h"
#include "app/job_runner.h"
#include "app/page_table.h"
#include "app/pages/train/enlarged_preview.h"
#include "app/pages/train/forecast_panel.h"
#include "app/pages/train/jump_panel.h"
#include "app/pages/train/mechanism_view.h"
#include "app/pages/train/preview_panel.h"
#include "app/pages/train/queue_panel.h"
#include "app/pages/train/replay_panel.h"
#include "app/pages/train/run_form.h"
#include "app/plots/compared_runs.h"
#include "app/plots/metric_plots.h"
#include "app/preferences.h"
#include "app/same_workspace.h"
#include "app/train_forecasts.h"
#include "app/training.h"
#include "app/wording.h"
#include "core/io/size_text.h"
#include "widgets/banner.h"
#include "widgets/cards.h"
#include "widgets/commands.h"
#include "widgets/icons.h"
#include "widgets/log_view.h"
#include "widgets/page_frame.h"
#include "widgets/progress_share.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"

#include <QAction>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QTabBar>
#include <QTabWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {
constexpr int drawerHeight = 250;
} // namespace

TrainPage::TrainPage(Session& session, Training& training, Preferences& preferences, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , training_(training)
    , preferences_(preferences)
    , dialogs_(dialogs)
    , frame_(new PageFrame(pageName(Page::Train), this))
    , states_(new QStackedWidget(this))
    , progress_(new QProgressBar(this))
    , previews_(new PreviewPanel(this))
    , enlarged_(new EnlargedPreview(session, previews_))
    , log_(new LogView(this))
    , jumps_(new JumpPanel(session, training, this))
    , form_(new RunForm(session, dialogs, this))
    , forecasts_(new TrainForecasts(session, this))
    , forecast_(new ForecastPanel(this))
{
    frame_->setContent(makeContent());
    frame_->setInspector(makeInspector());
    frame_->setDrawer(makeDrawer(), drawerHeight);
    addActions();
    connectTraining();
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);
    updateState();
}

QWidget* TrainPage::makeContent()
{
    auto* const nothing = new StatePanel(this);
    nothing->showEmpty(QStringLiteral("pack"), tr("Nothing to train on yet"),
                       tr("Import pictures, run the passes and pack shards first."));
    connect(nothing->addButton(tr("Go to the data set"), QStringLiteral("dataset"), true), &QPushButton::clicked, this,
            &TrainPage::datasetWanted);
    states_->addWidget(nothing);
    states_->addWidget(makeCurves());
    return states_;
}

QWidget* TrainPage::makeCurves()
{
    auto* const content = new QWidget(this);
    auto* const cards = new QHBoxLayout;
    cards->setSpacing(12);
    const auto addCard = [this, cards, content](const char* key, Hue hue, bool averaged) {
        const auto text = metricText(key);
        MetricCard::Look look{.title = QString::fromStdString(text.label),
                              .unit = QString::fromStdString(text.unit),
                              .hue = hue,
                              .averaged = averaged,
                              .healthy = {}};
        if (text.healthy)
            look.healthy = {text.healthy->low, text.healthy->high};
        cards->addWidget(new MetricCard(&training_.curves().of(key), look, content), 1);
    };
    addCard("loss", meaning::loss, true);
    addCard("velocity_norm", meaning::velocity, false);
    addCard("grad_norm", meaning::gradient, false);
    addCard("samples_per_second", meaning::neutral, true);
    progress_->setTextVisible(false);
    progress_->setAccessibleName(tr("Progress of the training"));
    auto keepsPlace = progress_->sizePolicy();
    keepsPlace.setRetainSizeWhenHidden(true);
    progress_->setSizePolicy(keepsPlace);
    auto* const column = new QVBoxLayout(content);
    column->setContentsMargins(16, 4, 16, 12);
    column->setSpacing(8);
    column->addWidget(progress_);
    column->addLayout(cards);
    column->addSpacing(4);
    column->addWidget(makePlots(), 1);
    return content;
}

QWidget* TrainPage::makePlots()
{
    auto* const plots = new MetricPlots(session_.background(), dialogs_, this);
    auto* const compared = new ComparedRuns(session_, plots);
    plots->addTool(compared);
    plots->setEmptyText(tr("Press Start or select a past run"));
    const auto show = [this, plots, compared] {
        compared->setShown(training_.runName());
        auto runs = compared->chosen();
        runs.insert(runs.begin(), PlottedRun{training_.runName(), &training_.curves()});
        plots->setRuns(std::move(runs));
    };
    const auto workspace = [this] { return QString::fromStdString(session_.workspace().root.string()); };
    connect(compared, &ComparedRuns::changed, this, show);
    connect(&training_, &Training::runChanged, this, show);
    connect(&session_, &Session::workspaceChanged, this, [this, plots, workspace] {
        plots->setArrangement(preferences_.plotLayout(QStringLiteral("train"), workspace()));
    });
    connect(plots, &MetricPlots::arranged, this, [this, plots, workspace] {
        if (session_.hasWorkspace())
            preferences_.setPlotLayout(QStringLiteral("train"), workspace(), plots->arrangement());
    });
    connect(plots, &MetricPlots::done, frame_->banner(), &Banner::showNotice);
    connect(plots, &MetricPlots::failed, frame_->banner(), failuresIn(frame_->banner()));
    connect(&training_, &Training::stateChanged, plots, [this, plots] {
        plots->setEmptyText(training_.active() ? tr("Waiting for the first step…")
                                               : tr("Press Start or select a past run"));
    });
    show();
    return plots;
}

QWidget* TrainPage::makeInspector()
{
    auto* const inspector = new QWidget(this);
    auto* const column = new QVBoxLayout(inspector);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(12);
    column->addWidget(form_, 1);
    column->addWidget(forecast_);
    forecast_->hide();
    connect(forecasts_, &TrainForecasts::changed, this, &TrainPage::showForecast);
    connect(forecast_, &ForecastPanel::changeWanted, this, [this](const FittingChange& change) {
        for (const auto& [key, value] : change.settings)
            form_->setSetting(key, value);
    });
    return inspector;
}

QWidget* TrainPage::makeDrawer()
{
    auto* const tabs = tabs_ = new QTabWidget(this);
    tabs->setObjectName(QStringLiteral("trainTabs"));
    tabs->setDocumentMode(true);
    tabs->tabBar()->setAccessibleName(tr("Pictures, log and queue of the training"));
    tabs->tabBar()->setDrawBase(false);
    tabs->addTab(previews_, tr("Pictures"));
    log_->setPlaceholderText(tr("The log of the run that is shown appears here."));
    tabs->addTab(log_, tr("Log"));
    auto* const mechanism = new MechanismView(this);
    tabs->addTab(mechanism, tr("Mechanism"));
    const int jumpTab = tabs->addTab(jumps_, tr("Loss jumps"));
    const auto offerJumps = [this, tabs, jumpTab] { tabs->setTabVisible(jumpTab, jumps_->hasJumps()); };
    connect(jumps_, &JumpPanel::jumpsChanged, this, offerJumps);
    connect(jumps_, &JumpPanel::recordChosen, this, &TrainPage::recordWanted);
    offerJumps();
    auto* const replay = new ReplayPanel(training_, this);
    const int replayTab = tabs->addTab(replay, tr("Not finite"));
    const auto offerReplay = [tabs, replay, replayTab] { tabs->setTabVisible(replayTab, replay->hasSteps()); };
    connect(replay, &ReplayPanel::stepsChanged, this, offerReplay);
    offerReplay();
    tabs->addTab(new QueuePanel(training_, this), tr("Queue"));
    const auto showMechanism = [this, mechanism] {
        mechanism->showSteps(training_.curves().measured(), training_.curves().breakThrough());
    };
    connect(&training_.curves(), &RunCurves::attentionMeasured, mechanism, showMechanism);
    connect(&training_, &Training::runChanged, mechanism, showMechanism);
    connect(previews_, &PreviewPanel::pictureChosen, enlarged_,
            [this](const QString& record, qint64 step, PreviewKind kind, const QString& caption) {
                enlarged_->open(training_.runName(), record, step, kind, caption);
            });
    connect(enlarged_, &EnlargedPreview::failed, frame_->banner(), failuresIn(frame_->banner()));
    return tabs;
}

void TrainPage::addActions()
{
    previewNow_ = frame_->addAction(tr("Sample now"), QStringLiteral("picture"),
                                    tr("Generate preview pictures after the next step"));
    checkpointNow_ = frame_->addAction(tr("Checkpoint now"), QStringLiteral("checkpoint"),
                                       tr("Save a checkpoint after the next step"));
    stop_ = frame_->addAction(tr("Stop"), QStringLiteral("stop"), tr("Save a checkpoint and stop; it can be resumed"));
    pause_ = frame_->addAction(tr("Pause"), QStringLiteral("pause"), tr("Pause after the current step"));
    newRun_ = frame_->addAction(tr("New run"), QStringLiteral("train"), tr("Set up another run"));
    newRun_->setObjectName(QStringLiteral("newRun"));
    cancelQueueing_ = frame_->addAction(tr("Cancel"), QStringLiteral("clear"), tr("Stop setting up another run"));
    queue_ = frame_->addAction(tr("Queue next"), QStringLiteral("add"), {});
    queue_->setObjectName(QStringLiteral("queueNext"));
    start_ = frame_->addAction(tr("Start"), QStringLiteral("play"), tr("Train with this configuration"), true);
    start_->setObjectName(QStringLiteral("start"));
    pause_->setObjectName(QStringLiteral("pause"));
    stop_->setObjectName(QStringLiteral("stop"));
    previewNow_->setObjectName(QStringLiteral("previewNow"));
    checkpointNow_->setObjectName(QStringLiteral("checkpointNow"));
    auto* const commands = new Commands(this);
    commands->bind(start_, Qt::CTRL | Qt::Key_Return, tr("start or resume"));
    commands->bind(pause_, Qt::Key_Space, tr("pause or resume"));
    commands->bind(stop_, Qt::CTRL | Qt::Key_Period, tr("save a checkpoint and stop"));
    connect(start_, &QAction::triggered, this, &TrainPage::start);
    connect(newRun_, &QAction::triggered, form_, &RunForm::chooseNewRun);
    connect(queue_, &QAction::triggered, this, &TrainPage::queueNext);
    connect(cancelQueueing_, &QAction::triggered, this, [this] {
        queueing_ = false;
        updateState();
    });
    connect(pause_, &QAction::triggered, this, &TrainPage::pauseOrResume);
    connect(stop_, &QAction::triggered, &training_, &Training::stop);
    connect(previewNow_, &QAction::triggered, &training_, &Training::previewNow);
    connect(checkpointNow_, &QAction::triggered, &training_, &Training::checkpointNow);
    connect(form_, &RunForm::changed, this, &TrainPage::updateState);
    connect(form_, &RunForm::changed, this, &TrainPage::forecast);
    connect(form_, &RunForm::pastRunChosen, this, [this](const RunInfo& run) {
        queueing_ = queueing_ && training_.active();
        training_.showRun(run);
    });
    connect(form_, &RunForm::newRunChosen, &training_, &Training::forgetRun);
    connect(form_, &RunForm::failed, frame_->banner(), failuresIn(frame_->banner()));
}

void TrainPage::connectTraining()
{
    connect(&training_, &Training::queuedStarted, this, [this](const QueuedTraining& next) {
        if (!queueing_) // else the form holds what is being set up
            form_->showQueued(next.config, next.runName);
    });
    connect(&training_, &Training::stateChanged, this, [this] {
        if (!training_.active() && !queueing_) // what was trained here can go on
            form_->follow(training_.runName());
        updateState();
        forecast();
    });
    connect(&session_, &Session::workspaceChanged, this, [this] { queueing_ = false; });
    connect(&session_, &Session::recordsChanged, this, &TrainPage::updateState);
    connect(&session_, &Session::recordsChanged, this, &TrainPage::forecast);
    connect(&session_, &Session::settingsChanged, this, &TrainPage::forecast);
    connect(&training_, &Training::runChanged, this, [this] {
        enlarged_->close(); // a picture of the run before
        previews_->clear();
        log_->clear();
        frame_->banner()->hide();
        updateState();
    });
    connect(&training_, &Training::progressed, this, [this](const Progress& progress) {
        if (progress.total > 0)
            showShare(*progress_, progress.done, progress.total);
        showContext(&progress);
    });
    connect(&training_, &Training::previewed, previews_, &PreviewPanel::add);
    connect(&training_, &Training::logged, log_, &LogView::append);
    connect(&training_, &Training::logRead, log_, &LogView::showRecorded);
    connect(&training_, &Training::failed, this, [this](const Notice& why) {
        log_->append(LogLevel::Error, noticeText(why));
        showFailure(*frame_->banner(), tr("Training stopped with an error"), why);
    });
    connect(&training_, &Training::holderChanged, this, &TrainPage::updateState);
    connect(&training_, &Training::holderChanged, &session_, &Session::refreshRuns); // of its newest checkpoint
    connect(&training_, &Training::queueFailed, frame_->banner(), failuresIn(frame_->banner()));
    connect(&training_, &Training::readFailed, this,
            [this](const Notice& why) { showFailure(*frame_->banner(), tr("Could not read the run"), why); });
    connect(&training_, &Training::finished, this, [this](const TrainReport& report) {
        const auto averaged = MovingAverage(&training_.curves().of("loss")).values(); // as on the card
        frame_->banner()->showNotice(tr("%1 ended at step %2, loss %3. Its newest checkpoint is %4.")
                                         .arg(QString::fromStdString(report.runName), groupedNumber(report.lastStep),
                                              numberText(averaged.isEmpty() ? report.finalLoss : averaged.back()),
                                              QString::fromStdString(report.checkpoint.filename().string())));
    });
}

void TrainPage::start()
{
    if (!form_->config() || training_.active() || !start_->isEnabled())
        return;
    const auto continuation = form_->continuation();
    if (continuation == Continuation::StartFrom || continuation == Continuation::StartAgain)
        return form_->newRunLike(form_->runName(), true);
    if (continuation == Continuation::TrainLonger)
        form_->planMoreSteps();
    begin(continuation.has_value());
}

void TrainPage::begin(bool resume)
{
    const auto config = form_->config();
    if (!config)
        return;
    const auto run = form_->runName(); // as it was when the question came up
    const SameWorkspace same(session_);
    bool anyway = false;
    if (const auto& shown = forecasts_->shown(); shown && !shown->fits()) {
        anyway =
            dialogs_.confirm(this, tr("This training may not fit into memory. Start it anyway?"),
                             tr("It needs about %1, but only %2 is free. The system may end this program, and with it "
                                "whatever has not been saved.")
                                 .arg(QString::fromStdString(sizeText(shown->forecast.memory.total())),
                                      QString::fromStdString(sizeText(shown->memoryThere))),
                             tr("Start anyway"));
        if (!anyway || !same)
            return;
    }
    frame_->banner()->hide();
    forecasts_->stop();
    queueing_ = queueing_ && training_.active();
    training_.start(*config, run, resume, anyway);
}

/// Only while it is looked at, and while nothing is trained.
void TrainPage::forecast()
{
    const auto config = form_->config();
    if (!isVisible() || form_->reading()) // what is chosen is told of next
        return;
    if (!config || training_.active() || !session_.hasShards())
        return forecasts_->stop();
    forecasts_->ask(*config);
}

void TrainPage::showForecast()
{
    const auto& shown = forecasts_->shown();
    forecast_->setVisible(shown.has_value());
    if (!shown)
        return;
    const auto config = form_->config();
    std::int64_t stepsLeft = config ? config->schedule.steps : 0;
    if (form_->continuation() == Continuation::TrainLonger)
        stepsLeft = form_->moreSteps();
    else if (form_->continuation() == Continuation::Resume)
        stepsLeft = std::max<std::int64_t>(0, stepsLeft - stepsDone(*form_->pastRun()));
    forecast_->show(*shown, stepsLeft);
}

/// First sets the form free for another run, then takes it into the queue as it is.
void TrainPage::queueNext()
{
    if (!std::exchange(queueing_, !queueing_)) {
        updateState();
        return form_->chooseNewRun();
    }
    if (const auto config = form_->config())
        training_.enqueue(*config, form_->runName());
    tabs_->setCurrentIndex(tabs_->count() - 1); // where it waits
    updateState();
}

void TrainPage::pauseOrResume()
{
    if (training_.state() == Training::State::Paused)
        training_.resume();
    else
        training_.pause();
}

void TrainPage::updateState()
{
    const auto state = training_.state();
    const bool active = training_.active();
    const bool paused = state == Training::State::Paused;
    const auto continuation = form_->continuation();
    const bool makesNewRun = continuation == Continuation::StartFrom || continuation == Continuation::StartAgain;
    states_->setCurrentIndex(session_.hasShards() || !training_.runName().isEmpty() ? 1 : 0);
    start_->setVisible(!active);
    const auto& holder = training_.holder();
    start_->setEnabled(form_->config().has_value() && states_->currentIndex() == 1 && !holder);
    start_->setText(!continuation                          ? tr("Start")
                    : continuation == Continuation::Resume ? tr("Resume run")
                    : continuation == Continuation::TrainLonger
                        ? tr("Train %1 more steps").arg(groupedNumber(form_->moreSteps()))
                    : continuation == Continuation::StartFrom ? tr("New run from its weights")
                                                              : tr("New run with these settings"));
    start_->setToolTip(holder        ? tr("Another program is training this run; its progress is shown here")
                       : makesNewRun ? tr("Set up a new run with these settings")
                                     : tr("Train with this configuration"));
    newRun_->setVisible(!active && continuation && !makesNewRun);
    for (auto* const action : {pause_, stop_, previewNow_, checkpointNow_}) {
        action->setVisible(active);
        action->setEnabled(state != Training::State::Stopping);
    }
    pause_->setText(paused ? tr("Resume") : tr("Pause"));
    pause_->setIcon(icon(paused ? QStringLiteral("play") : QStringLiteral("pause")));
    progress_->setVisible(active);
    const bool queueing = queueing_ && active;
    queue_->setVisible(active);
    queue_->setEnabled(!queueing || form_->config().has_value());
    queue_->setText(queueing ? tr("Add to queue") : tr("Queue next"));
    queue_->setToolTip(queueing ? tr("Train with this configuration once the run that is being trained has ended")
                                : tr("Set up a run that starts when this one has ended"));
    cancelQueueing_->setVisible(queueing);
    form_->setReadOnly(active && !queueing);
    showContext(active && training_.runner() != nullptr ? &training_.runner()->progress() : nullptr);
}

void TrainPage::showContext(const Progress* progress)
{
    QStringList parts;
    if (!training_.runName().isEmpty())
        parts << training_.runName();
    switch (training_.state()) {
    case Training::State::Paused:
        parts << tr("paused");
        break;
    case Training::State::Stopping:
        parts << tr("saving a checkpoint and stopping…");
        break;
    default:
        if (const auto& holder = training_.holder())
            parts << tr("being trained by %1").arg(QString::fromStdString(holder->text()));
        break;
    }
    if (progress != nullptr) {
        if (const auto numbers = progressText(*progress); !numbers.isEmpty())
            parts << numbers;
        else
            parts << stageText(*progress);
    }
    frame_->setContext(parts.join(QStringLiteral(" · ")));
}

void TrainPage::showRun(const QString& name)
{
    form_->choosePastRun(name);
}

void TrainPage::newRunLike(const QString& name, bool fromItsWeights)
{
    if (training_.active())
        return frame_->banner()->showNotice(
            tr("%1 is being trained. A new run can be set up once it has ended.").arg(training_.runName()));
    form_->newRunLike(name, fromItsWeights);
}

bool TrainPage::settled() const
{
    return session_.pending() == 0 && jumps_->settled();
}

void TrainPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    session_.refreshRuns(); // another program may have trained one
    forecast();
}

} // namespace nanodit
