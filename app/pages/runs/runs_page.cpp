#include "app/pages/runs/runs_page.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/failures.h"
#include "app/page_table.h"
#include "app/pages/runs/checkpoint_list.h"
#include "app/pages/runs/run_actions.h"
#include "app/pages/runs/run_table.h"
#include "app/plots/metric_plots.h"
#include "app/plots/run_curves_cache.h"
#include "app/preferences.h"
#include "app/same_workspace.h"
#include "app/training.h"
#include "app/wording.h"
#include "widgets/banner.h"
#include "widgets/commands.h"
#include "widgets/fitted_columns.h"
#include "widgets/page_frame.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QAction>
#include <QFrame>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabBar>
#include <QTabWidget>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <numeric>
#include <utility>

namespace nanodit {

namespace {

struct RunsWithNotes {
    std::vector<ListedRun> runs;
    std::string damage; ///< What to tell of files of notes that were damaged; else "".
};

RunsWithNotes listRunsWithNotes(const Workspace& workspace)
{
    RunsWithNotes listed;
    for (auto& overview : overviewRuns(workspace)) {
        auto [notes, damage] = readRunNotes(overview.run.folder);
        const auto holder = runHolder(overview.run.folder);
        listed.runs.push_back({std::move(overview), std::move(notes), holder && !holder->here});
        if (!damage.empty())
            listed.damage += (listed.damage.empty() ? "" : "\n") + damage;
    }
    return listed;
}

} // namespace

RunsPage::RunsPage(Session& session, Training& training, Preferences& preferences, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , training_(training)
    , preferences_(preferences)
    , frame_(new PageFrame(pageName(Page::Runs), this))
    , states_(new QStackedWidget(this))
    , state_(new StatePanel(this))
    , search_(new QLineEdit(this))
    , table_(new RunTable(this))
    , model_(new RunModel(this))
    , filter_(new RunFilter(this))
    , actions_(new RunActions(session, dialogs, this))
    , plots_(new MetricPlots(session.background(), dialogs, this))
    , curves_(new RunCurvesCache(session.readings(), this))
    , differences_(new QTreeWidget(this))
    , differencesNote_(new QLabel(this))
    , checkpoints_(new CheckpointList(session, dialogs, this))
{
    addActions();
    states_->addWidget(state_);
    states_->addWidget(makeContent());
    frame_->setContent(states_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);
    connectAll();
    currentChanged();
    checkedChanged();
}

QMenu* RunsPage::makeRunMenu(const char* name)
{
    auto* const menu = new QMenu(this);
    menu->setObjectName(QLatin1String(name));
    menu->setToolTipsVisible(true);
    actions_->addTo(menu);
    return menu;
}

void RunsPage::addActions()
{
    auto* const more = frame_->addAction(tr("More"), QStringLiteral("menu"), tr("Actions for the selected run"));
    more->setObjectName(QStringLiteral("runMore"));
    more->setMenu(makeRunMenu("runMoreMenu"));
    show_ = frame_->addAction(tr("Show curves"), QStringLiteral("train"), tr("Open this run on the Train page"));
    show_->setObjectName(QStringLiteral("runShow"));
    validate_ = frame_->addAction(tr("Validate"), QStringLiteral("validate"), tr("Open this run on the Validate page"));
    validate_->setObjectName(QStringLiteral("runValidate"));
    compare_ = frame_->addAction(tr("Compare"), QStringLiteral("validate"),
                                 tr("Open two ticked, validated runs on the Validate page"), true);
    compare_->setObjectName(QStringLiteral("runCompare"));
    auto* const commands = new Commands(this);
    commands->add(QKeySequence::Find, tr("search the runs"), [this] { search_->setFocus(Qt::ShortcutFocusReason); });
    commands->note(tr("Space"), tr("tick the run: its curve and its differences"));
    commands->note(tr("Enter"), tr("open the run on the Train page"));
    commands->note(QStringLiteral("F2"), tr("edit the name, the tags or the note"));
    commands->bind(compare_, Qt::CTRL | Qt::Key_Return, tr("compare two ticked, validated runs"));
}

QWidget* RunsPage::makeTable()
{
    auto* const panel = new QWidget(this);
    search_->setObjectName(QStringLiteral("runSearch"));
    search_->setPlaceholderText(tr("Search names, states, tags and notes"));
    search_->setAccessibleName(tr("Search runs"));
    search_->setClearButtonEnabled(true);
    filter_->setSourceModel(model_);
    table_->setModel(filter_);
    auto* const column = new QVBoxLayout(panel);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(search_);
    column->addWidget(table_, 1);
    return panel;
}

QWidget* RunsPage::makePlots()
{
    plots_->setObjectName(QStringLiteral("runsPlots"));
    plots_->setUsual({QStringLiteral("loss")});
    plots_->setEmptyText(tr("Tick runs in the table to plot them"));
    connect(plots_, &MetricPlots::done, frame_->banner(), &Banner::showNotice);
    connect(plots_, &MetricPlots::failed, frame_->banner(), failuresIn(frame_->banner()));
    connect(plots_, &MetricPlots::arranged, this, [this] {
        if (session_.hasWorkspace())
            preferences_.setPlotLayout(QStringLiteral("runs"),
                                       QString::fromStdString(session_.workspace().root.string()),
                                       plots_->arrangement());
    });
    return plots_;
}

QWidget* RunsPage::makeDetails()
{
    auto* const tabs = new QTabWidget(this);
    tabs->setObjectName(QStringLiteral("runDetails"));
    tabs->setDocumentMode(true);
    tabs->tabBar()->setDrawBase(false);
    tabs->tabBar()->setAccessibleName(tr("Details of runs"));
    auto* const panel = new QWidget(tabs);
    auto* const column = new QVBoxLayout(panel);
    column->setContentsMargins(0, 4, 0, 0);
    column->setSpacing(4);
    differences_->setObjectName(QStringLiteral("settingDifferences"));
    differences_->setAccessibleName(tr("Settings that differ"));
    differences_->setRootIsDecorated(false);
    differences_->setUniformRowHeights(true);
    differences_->setProperty("bare", true);
    differences_->setFont(tabularFont(differences_->font()));
    differenceColumns_ = new FittedColumns(differences_, {});
    differences_->setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded); // of many runs
    differencesNote_->setWordWrap(true);
    differencesNote_->setTextFormat(Qt::PlainText);
    setRole(differencesNote_, "secondary");
    column->addWidget(differencesNote_);
    column->addWidget(differences_, 1);
    column->addStretch(0);
    tabs->addTab(panel, tr("Differences in settings"));
    tabs->addTab(checkpoints_, tr("Checkpoints"));
    return tabs;
}

QWidget* RunsPage::makeContent()
{
    auto* const lower = new QSplitter(Qt::Horizontal, this);
    lower->setObjectName(QStringLiteral("runsLower"));
    lower->setChildrenCollapsible(false);
    lower->setHandleWidth(12);
    lower->setProperty("plain", true);
    auto* const details = new QFrame(lower);
    details->setProperty("surface", "panel");
    auto* const inDetails = new QVBoxLayout(details);
    inDetails->setContentsMargins(12, 4, 12, 8);
    inDetails->addWidget(makeDetails());
    lower->addWidget(makePlots());
    lower->addWidget(details);
    lower->setStretchFactor(0, 3);
    lower->setStretchFactor(1, 2);

    parts_ = new QSplitter(Qt::Vertical, this);
    parts_->setChildrenCollapsible(false);
    parts_->setHandleWidth(12);
    parts_->setProperty("plain", true);
    parts_->addWidget(makeTable());
    parts_->addWidget(lower);
    parts_->setStretchFactor(0, 0);
    parts_->setStretchFactor(1, 1);
    parts_->setSizes({300, 380});
    auto* const content = new QWidget(this);
    auto* const column = new QVBoxLayout(content);
    column->setContentsMargins(16, 8, 16, 8);
    column->addWidget(parts_);
    return content;
}

void RunsPage::connectAll()
{
    connect(&session_, &Session::workspaceChanged, this, [this] {
        knowledge_ = {};
        late_.reset();
        frame_->banner()->hide();
        model_->setRuns({}, {});
        plots_->setRuns({});
        curves_->clear();
        plots_->setArrangement(preferences_.plotLayout(QStringLiteral("runs"),
                                                       QString::fromStdString(session_.workspace().root.string())));
        updateState();
    });
    connect(&session_, &Session::leaving, table_, &RunTable::finishEditing);
    connect(&session_, &Session::runsChanged, this, &RunsPage::read);
    connect(&session_, &Session::runsUnreadable, this, &RunsPage::showUnread);
    connect(&training_, &Training::stateChanged, this, [this] {
        model_->setTraining(training());
        currentChanged();
        plot(model_->checked());
    });
    connect(search_, &QLineEdit::textChanged, filter_, &RunFilter::setWords);
    connect(model_, &RunModel::checkedChanged, this, &RunsPage::checkedChanged);
    connect(model_, &RunModel::renameWanted, actions_, &RunActions::rename);
    connect(model_, &RunModel::notesWanted, actions_, &RunActions::write);
    connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &RunsPage::currentChanged);
    connect(table_, &RunTable::editingEnded, this, [this] {
        if (auto runs = std::exchange(late_, std::nullopt))
            showRuns(std::move(*runs));
    });
    connect(table_, &QTableView::activated, this, [this] { Q_EMIT runWanted(currentName()); });
    auto* const menu = makeRunMenu("runMenu");
    connect(table_, &QTableView::customContextMenuRequested, this, [this, menu](QPoint point) {
        if (table_->indexAt(point).isValid())
            menu->popup(table_->viewport()->mapToGlobal(point));
    });
    connect(show_, &QAction::triggered, this, [this] { Q_EMIT runWanted(currentName()); });
    connect(validate_, &QAction::triggered, this, [this] { Q_EMIT validationWanted(currentName()); });
    connect(compare_, &QAction::triggered, this, [this] {
        const auto two = model_->checked();
        if (two.size() == 2)
            Q_EMIT comparisonWanted(two[1], two[0]);
    });
    connect(actions_, &RunActions::showWanted, this, &RunsPage::runWanted);
    connect(actions_, &RunActions::validationWanted, this, &RunsPage::validationWanted);
    connect(actions_, &RunActions::duplicateWanted, this,
            [this](const QString& name) { Q_EMIT duplicateWanted(name, false); });
    connect(actions_, &RunActions::startFromWanted, this,
            [this](const QString& name) { Q_EMIT duplicateWanted(name, true); });
    connect(actions_, &RunActions::changed, this, [this] {
        ++changes_;
        late_.reset();
    });
    connect(actions_, &RunActions::renamed, this, [this](const QString& name, const QString& newName) {
        curves_->forget(name); // which is read from the old folder
        curves_->forget(newName);
        model_->rename(name, newName);
        currentChanged();
    });
    connect(actions_, &RunActions::editWanted, this, &RunsPage::editCell);
    connect(actions_, &RunActions::done, this,
            [this](const QString& sentence) { frame_->banner()->showNotice(sentence); });
    connect(actions_, &RunActions::failed, frame_->banner(), failuresIn(frame_->banner()));
    connect(checkpoints_, &CheckpointList::done, frame_->banner(), &Banner::showNotice);
    connect(checkpoints_, &CheckpointList::failed, frame_->banner(), failuresIn(frame_->banner()));
}

void RunsPage::read()
{
    if (!session_.hasWorkspace() || !isVisible()) // it reads every run's metrics: only for somebody who looks
        return;
    session_.readings().ask(
        this, [workspace = session_.workspace()] { return listRunsWithNotes(workspace); },
        [this, same = SameWorkspace(session_), changes = changes_](RunsWithNotes listed) {
            if (!same || changes != changes_)
                return;
            showRuns(std::move(listed.runs));
            if (!listed.damage.empty())
                showFailure(*frame_->banner(), tr("Could not read the notes on a run"), {.text = listed.damage});
        },
        [this, same = SameWorkspace(session_)](const Notice& why) {
            if (!same)
                return;
            if (knowledge_.read)
                showFailure(*frame_->banner(), tr("Could not read the runs"), why);
            else
                showUnread(why);
        });
}

void RunsPage::readAgain()
{
    knowledge_.obstacle.clear();
    updateState();
    session_.refreshRuns(); // reading follows
}

void RunsPage::showUnread(const Notice& why)
{
    if (knowledge_.read)
        return;
    knowledge_.obstacle = noticeText(why);
    updateState();
}

void RunsPage::showRuns(std::vector<ListedRun> runs)
{
    late_.reset();
    if (table_->isEditing()) {
        late_ = std::move(runs);
        return;
    }
    const auto before = currentName();
    const bool first = !std::exchange(knowledge_, {.read = true, .obstacle = {}}).read;
    const int rows = model_->rowCount();
    model_->setRuns(std::move(runs), training());
    if (model_->rowCount() != rows)
        table_->fitColumns();
    if (first) {
        QStringList two; // something to see at once
        for (int row = 0; row < std::min(2, model_->rowCount()); ++row)
            two << QString::fromStdString(model_->run(row).run.name);
        model_->check(two);
    }
    select(before);
    curves_->readOn();
    plot(model_->checked());
    showDifferences();
    currentChanged();
    if (first) // shown by now, and laid out in the next turn of the loop
        QMetaObject::invokeMethod(this, &RunsPage::fitRows, Qt::QueuedConnection);
}

void RunsPage::fitRows()
{
    if (!parts_->isVisible())
        return;
    constexpr int leastRows = 3, around = 24;
    const int wanted = search_->sizeHint().height() + table_->horizontalHeader()->sizeHint().height() + around +
                       table_->verticalHeader()->defaultSectionSize() * std::max(leastRows, model_->rowCount());
    const int height = parts_->height(), table = std::min(wanted, height * 9 / 20);
    parts_->setSizes({table, height - table});
}

std::vector<const ListedRun*> RunsPage::checked() const
{
    std::vector<const ListedRun*> found;
    for (const auto& name : model_->checked())
        found.push_back(&model_->run(model_->rowOf(name)));
    return found;
}

const ListedRun* RunsPage::current() const
{
    const auto index = filter_->mapToSource(table_->currentIndex());
    return index.isValid() ? &model_->run(index.row()) : nullptr;
}

QString RunsPage::currentName() const
{
    const auto* const run = current();
    return run != nullptr ? QString::fromStdString(run->run.name) : QString();
}

QString RunsPage::training() const
{
    return training_.active() ? training_.runName() : QString();
}

void RunsPage::check(const QStringList& names)
{
    model_->check(names);
}

void RunsPage::select(const QString& name)
{
    auto index = filter_->mapFromSource(model_->index(model_->rowOf(name), RunModel::Name));
    if (!index.isValid())
        index = filter_->index(0, RunModel::Name);
    if (index.isValid() && index.row() != table_->currentIndex().row())
        table_->setCurrentIndex(index);
}

void RunsPage::editCell(const QString& run, int column)
{
    const auto index = filter_->mapFromSource(model_->index(model_->rowOf(run), column));
    if (!index.isValid()) // it has gone meanwhile
        return;
    table_->setCurrentIndex(index);
    table_->edit(index);
}

void RunsPage::currentChanged()
{
    const auto* const run = current();
    const bool isTraining = run != nullptr && currentName() == training();
    actions_->setRun(run, isTraining);
    checkpoints_->showRun(run != nullptr ? &run->run : nullptr, isTraining || (run != nullptr && run->held));
    updateState();
}

void RunsPage::checkedChanged()
{
    plot(model_->checked());
    showDifferences();
    updateState();
}

void RunsPage::plot(const QStringList& names)
{
    std::vector<PlottedRun> runs;
    for (const auto& name : names) { // those that are not listed yet follow
        auto* const curves = name == training() ? &training_.curves() : curves_->of(session_.runs(), name);
        if (curves != nullptr)
            runs.push_back({name, curves});
    }
    const bool same = std::ranges::equal(
        runs, plotted_, [](const auto& a, const auto& b) { return a.name == b.name && a.curves == b.curves; });
    if (!same || runs.empty()) // what is zoomed stays so
        plots_->setRuns(runs);
    plotted_ = std::move(runs);
}

void RunsPage::showDifferences()
{
    std::vector<RunInfo> runs;
    QStringList header = {tr("Setting")};
    for (const auto* const run : checked()) {
        runs.push_back(run->run);
        header << QString::fromStdString(run->run.name);
    }
    compared_ = header;
    if (runs.size() < 2)
        return showDifferences({}, tr("Tick two or more runs."));
    session_.readings().ask( // every run's configuration is read
        this, [runs = std::move(runs)] { return settingRows(configurationDifferences(runs)); },
        [this, header](const std::vector<QStringList>& rows) {
            if (header == compared_)
                showDifferences(rows, rows.empty() ? tr("No differences in settings.") : QString());
        },
        [this, header](const Notice& why) {
            if (header == compared_)
                showDifferences({}, noticeText(why));
        });
}

void RunsPage::showDifferences(const std::vector<QStringList>& rows, const QString& note)
{
    differences_->clear();
    differences_->setColumnCount(static_cast<int>(compared_.size()));
    differences_->setHeaderLabels(compared_);
    differencesNote_->setText(note);
    differencesNote_->setVisible(!note.isEmpty());
    for (const auto& cells : rows) {
        auto* const item = new QTreeWidgetItem(differences_, cells);
        for (int column = 1; column < static_cast<int>(cells.size()); ++column)
            item->setToolTip(column, toolTipOf(cells[column]));
    }
    differences_->setVisible(!rows.empty());
    std::vector<int> values(static_cast<std::size_t>(compared_.size() - 1));
    std::iota(values.begin(), values.end(), 1);
    differenceColumns_->setElastic(std::move(values));
    differenceColumns_->measure();
}

void RunsPage::updateState()
{
    const auto two = checked();
    const bool validated = std::ranges::all_of(two, [](const auto* run) { return run->validatedStep > 0; });
    const bool any = model_->rowCount() > 0, selected = current() != nullptr;
    compare_->setEnabled(two.size() == 2 && validated);
    show_->setEnabled(selected);
    validate_->setEnabled(selected);
    frame_->setContext(any ? countText(model_->rowCount(), tr("runs")) : QString());
    states_->setCurrentIndex(any ? 1 : 0);
    if (any || std::exchange(told_, knowledge_) == knowledge_) // its button may have the keys
        return;
    if (!knowledge_.obstacle.isEmpty()) {
        state_->showFailure(tr("Could not read the runs"), knowledge_.obstacle, knowledge_.obstacle);
        auto* const again = state_->addButton(tr("Try again"), {}, true);
        again->setObjectName(QStringLiteral("readRunsAgain"));
        connect(again, &QPushButton::clicked, this, &RunsPage::readAgain, Qt::QueuedConnection); // which removes it
        return;
    }
    if (!knowledge_.read)
        return state_->showWorking(tr("Reading runs"));
    state_->showEmpty(QStringLiteral("runs"), tr("No runs yet"),
                      tr("Every training run is listed here with its curves."));
    connect(state_->addButton(tr("Go to training"), QStringLiteral("train"), true), &QPushButton::clicked, this,
            &RunsPage::trainWanted);
}

bool RunsPage::settled() const
{
    return session_.pending() == 0;
}

void RunsPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    session_.refreshRuns(); // reading follows
}

} // namespace nanodit
