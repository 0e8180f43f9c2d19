#include "app/pages/runs/runs_page.h"

#include "app/background_queue.h"
#include "app/failures.h"
#include "app/page_table.h"
#include "app/training.h"
#include "app/wording.h"
#include "core/front/validation.h"
#include "widgets/banner.h"
#include "widgets/cards.h"
#include "widgets/curve_legend.h"
#include "widgets/factories.h"
#include "widgets/page_frame.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/metric_series.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QFrame>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSet>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStackedWidget>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <array>

namespace nanodit {

namespace {

enum Column { Name, Spark, State, Steps, Time, Loss, Speed, Size, Measured, columnCount };
constexpr std::array numbers = {Steps, Time, Loss, Speed, Size};
constexpr int sparkWidth = 112, rowHeight = 32, gap = 12;
/// Okabe and Ito's order.
constexpr std::array hues = {Hue::Blue, Hue::Orange, Hue::Green, Hue::Vermillion, Hue::Purple, Hue::Sky};

std::unique_ptr<MetricSeries> seriesOf(const LossCourse& course)
{
    auto series = std::make_unique<MetricSeries>();
    for (const auto& point : course.points)
        series->append(static_cast<double>(point.step), point.mean);
    return series;
}

QTreeWidget* makeTable(const QString& object, const QString& name, QWidget* parent)
{
    auto* const table = new QTreeWidget(parent);
    table->setObjectName(object);
    table->setAccessibleName(name);
    table->setRootIsDecorated(false);
    table->setUniformRowHeights(true);
    table->setProperty("bare", true);
    table->setFont(tabularFont(table->font()));
    return table;
}

} // namespace

RunsPage::RunsPage(Session& session, const Training& training, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , training_(training)
    , frame_(new PageFrame(pageName(Page::Runs), this))
    , states_(new QStackedWidget(this))
    , state_(new StatePanel(this))
    , table_(makeTable(QStringLiteral("runsTable"), tr("Runs"), this))
    , differences_(makeTable(QStringLiteral("settingDifferences"), tr("Settings that differ"), this))
    , differencesNote_(new QLabel(this))
{
    show_ = frame_->addAction(tr("Show curves"), QStringLiteral("train"), tr("Open this run on the Train page"));
    show_->setObjectName(QStringLiteral("runShow"));
    validate_ = frame_->addAction(tr("Validate"), QStringLiteral("validate"), tr("Open this run on the Validate page"));
    validate_->setObjectName(QStringLiteral("runValidate"));
    compare_ = frame_->addAction(tr("Compare"), QStringLiteral("validate"),
                                 tr("Open two ticked, validated runs on the Validate page"), true);
    compare_->setObjectName(QStringLiteral("runCompare"));
    states_->addWidget(state_);
    states_->addWidget(makeContent());
    frame_->setContent(states_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);

    connect(&session_, &Session::workspaceChanged, this, [this] {
        known_ = false;
        runs_.clear();
        fill();
    });
    connect(&session_, &Session::runsChanged, this, &RunsPage::read);
    connect(&training_, &Training::stateChanged, this, &RunsPage::fill);
    connect(table_, &QTreeWidget::itemChanged, this, [this](const QTreeWidgetItem*, int changed) {
        if (changed == Name)
            checkedChanged();
    });
    connect(table_, &QTreeWidget::currentItemChanged, this, &RunsPage::updateState);
    connect(table_, &QTreeWidget::itemSelectionChanged, this, &RunsPage::highlightSparks);
    connect(table_, &QTreeWidget::itemActivated, this, [this] { Q_EMIT runWanted(current()); });
    connect(show_, &QPushButton::clicked, this, [this] { Q_EMIT runWanted(current()); });
    connect(validate_, &QPushButton::clicked, this, [this] { Q_EMIT validationWanted(current()); });
    connect(compare_, &QPushButton::clicked, this, [this] {
        const auto two = checked();
        if (two.size() == 2)
            Q_EMIT comparisonWanted(QString::fromStdString(two[1]->run.name), QString::fromStdString(two[0]->run.name));
    });
    updateState();
}

QWidget* RunsPage::makeContent()
{
    table_->setColumnCount(columnCount);
    table_->setHeaderLabels({tr("Run"), tr("Loss over steps"), tr("State"), tr("Steps"), tr("Time"), tr("Loss"),
                             tr("Speed"), tr("Size"), tr("Measured")});
    for (const int column : numbers)
        table_->headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    table_->headerItem()->setToolTip(Time, tr("Time spent on steps, without pauses, previews and validations"));
    table_->headerItem()->setToolTip(Loss, tr("Mean of the last hundred steps"));
    table_->headerItem()->setToolTip(Measured,
                                     tr("From its newest validation, by test; hover over a cell for the list"));

    auto* const lower = new QWidget(this);
    auto* const row = new QHBoxLayout(lower);
    row->setContentsMargins(0, 8, 0, 8);
    row->setSpacing(12);
    auto* const plotPanel = new QFrame(lower);
    auto* const differencePanel = new QFrame(lower);
    for (auto* const panel : {plotPanel, differencePanel})
        panel->setProperty("surface", "panel");
    plotColumn_ = new QVBoxLayout(plotPanel);
    plotColumn_->setContentsMargins(12, 8, 12, 4);
    plotColumn_->setSpacing(4);
    plotColumn_->addWidget(makeSection(tr("Training loss of the ticked runs"), plotPanel));
    auto* const differenceColumn = new QVBoxLayout(differencePanel);
    differenceColumn->setContentsMargins(12, 8, 12, 8);
    differenceColumn->setSpacing(4);
    differenceColumn->addWidget(makeSection(tr("Differences between their configurations"), differencePanel));
    differencesNote_->setWordWrap(true);
    setRole(differencesNote_, "secondary");
    differenceColumn->addWidget(differencesNote_);
    differenceColumn->addWidget(differences_, 1);
    differenceColumn->addStretch(0);
    row->addWidget(plotPanel, 3);
    row->addWidget(differencePanel, 2);

    auto* const rows = new QSplitter(Qt::Vertical, this);
    rows->setChildrenCollapsible(false);
    rows->setHandleWidth(1);
    rows->addWidget(table_);
    rows->addWidget(lower);
    rows->setSizes({320, 360});
    auto* const content = new QWidget(this);
    auto* const column = new QVBoxLayout(content);
    column->setContentsMargins(16, 8, 16, 0);
    column->addWidget(rows);
    return content;
}

void RunsPage::read()
{
    if (!session_.hasWorkspace() || !isVisible()) // it reads every run's metrics: only for somebody who looks
        return;
    session_.background().ask(
        this, [workspace = session_.workspace()] { return overviewRuns(workspace); },
        [this](std::vector<RunOverview> runs) {
            known_ = true;
            runs_ = std::move(runs);
            fill();
        },
        [this](const Notice& why) { showFailure(*frame_->banner(), tr("Could not read the runs"), why); });
}

void RunsPage::fill()
{
    QSet<QString> before;
    for (int i = 0; i < table_->topLevelItemCount(); ++i) {
        if (table_->topLevelItem(i)->checkState(Name) == Qt::Checked)
            before.insert(table_->topLevelItem(i)->text(Name));
    }
    const auto chosen = current();
    {
        const QSignalBlocker quiet(table_);
        table_->clear();
        sparks_.clear();
        for (const auto& overview : runs_) {
            const auto row = runRow(overview, training_.active() &&
                                                  training_.runName() == QString::fromStdString(overview.run.name));
            auto* const item = new QTreeWidgetItem(table_, {row.name, QString(), row.stateText, row.steps, row.time,
                                                            row.loss, row.speed, row.size, row.measured});
            item->setCheckState(Name, before.contains(row.name) ? Qt::Checked : Qt::Unchecked);
            item->setSizeHint(Spark, {sparkWidth, rowHeight});
            item->setToolTip(Measured, row.measuredHelp);
            for (const int column : numbers)
                item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
            if (row.state == RunState::NoCheckpoint)
                item->setForeground(State, themeColours().problem());
            if (row.state == RunState::Running)
                item->setForeground(State, themeColours().accent);
            sparks_.push_back(seriesOf(overview.course));
            table_->setItemWidget(item, Spark, new Sparkline(sparks_.back().get(), meaning::loss, false, table_));
            if (row.name == chosen)
                table_->setCurrentItem(item);
        }
        if (table_->currentItem() == nullptr && table_->topLevelItemCount() > 0)
            table_->setCurrentItem(table_->topLevelItem(0));
        if (before.isEmpty()) { // something to see at once
            for (int i = 0; i < std::min(2, table_->topLevelItemCount()); ++i)
                table_->topLevelItem(i)->setCheckState(Name, Qt::Checked);
        }
        for (int column = 0; column < columnCount; ++column) {
            table_->resizeColumnToContents(column);
            table_->setColumnWidth(column, table_->columnWidth(column) + gap);
        }
        table_->setColumnWidth(Spark, sparkWidth);
    }
    highlightSparks();
    checkedChanged();
}

void RunsPage::highlightSparks()
{
    for (int i = 0; i < table_->topLevelItemCount(); ++i) {
        auto* const item = table_->topLevelItem(i);
        if (auto* const spark = qobject_cast<Sparkline*>(table_->itemWidget(item, Spark)))
            spark->setHighlighted(item->isSelected());
    }
}

std::vector<const RunOverview*> RunsPage::checked() const
{
    std::vector<const RunOverview*> found;
    for (int i = 0; i < table_->topLevelItemCount(); ++i) {
        if (table_->topLevelItem(i)->checkState(Name) == Qt::Checked)
            found.push_back(&runs_[static_cast<std::size_t>(i)]);
    }
    return found;
}

QString RunsPage::current() const
{
    return table_->currentItem() != nullptr ? table_->currentItem()->text(Name) : QString();
}

void RunsPage::check(const QStringList& names)
{
    for (int i = 0; i < table_->topLevelItemCount(); ++i) {
        auto* const item = table_->topLevelItem(i);
        item->setCheckState(Name, names.contains(item->text(Name)) ? Qt::Checked : Qt::Unchecked);
    }
}

void RunsPage::checkedChanged()
{
    const auto runs = checked();
    plot(runs);
    showDifferences(runs);
    updateState();
}

void RunsPage::plot(const std::vector<const RunOverview*>& runs)
{
    if (plot_ != nullptr)
        delete plot_->legend(); // which the panel took over
    delete plot_;
    curves_.clear();
    plot_ = new CurvePlot(this);
    plot_->setObjectName(QStringLiteral("runsPlot"));
    plot_->setAccessibleName(tr("Training loss of the ticked runs"));
    plot_->setEmptyText(tr("tick runs in the table"));
    for (std::size_t i = 0; i < runs.size(); ++i) {
        curves_.push_back(seriesOf(runs[i]->course));
        plot_->addCurve(curves_.back().get(), QString::fromStdString(runs[i]->run.name),
                        {.hue = hues[i % hues.size()]});
    }
    plotColumn_->addWidget(plot_->legend());
    plotColumn_->addWidget(plot_, 1);
    plot_->legend()->show();
}

void RunsPage::showDifferences(const std::vector<const RunOverview*>& runs)
{
    std::vector<RunInfo> infos;
    QStringList header = {tr("Setting")};
    for (const auto* const run : runs) {
        infos.push_back(run->run);
        header << QString::fromStdString(run->run.name);
    }
    differences_->clear();
    differences_->setColumnCount(static_cast<int>(header.size()));
    differences_->setHeaderLabels(header);
    differences_->hide();
    if (runs.size() < 2)
        return differencesNote_->setText(tr("Tick two or more runs."));
    std::vector<QStringList> rows;
    try {
        rows = settingRows(configurationDifferences(infos));
    } catch (const Error& error) {
        return differencesNote_->setText(errorText(error));
    }
    differencesNote_->setText(rows.empty() ? tr("No differences in settings.") : QString());
    differencesNote_->setVisible(rows.empty());
    for (const auto& cells : rows) {
        auto* const item = new QTreeWidgetItem(differences_, cells);
        for (int column = 1; column < static_cast<int>(cells.size()); ++column)
            item->setToolTip(column, cells[column]);
    }
    differences_->setVisible(!rows.empty());
    differences_->header()->setSectionResizeMode(QHeaderView::Stretch); // every run is seen; long values are cut off
    differences_->header()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
}

void RunsPage::updateState()
{
    const auto two = checked();
    const bool validated = std::all_of(two.begin(), two.end(), [](const auto* run) { return run->validatedStep > 0; });
    compare_->setEnabled(two.size() == 2 && validated);
    show_->setEnabled(!current().isEmpty());
    validate_->setEnabled(!current().isEmpty());
    frame_->setContext(runs_.empty() ? QString() : countText(static_cast<std::int64_t>(runs_.size()), tr("runs")));
    states_->setCurrentIndex(runs_.empty() ? 0 : 1);
    if (!runs_.empty())
        return;
    if (!known_)
        return state_->showWorking(tr("Reading runs"));
    state_->showEmpty(QStringLiteral("runs"), tr("No runs yet"),
                      tr("Every training run is listed here with its curves."));
    connect(state_->addButton(tr("Go to training"), QStringLiteral("train"), true), &QPushButton::clicked, this,
            &RunsPage::trainWanted);
}

bool RunsPage::settled() const
{
    return session_.background().pending() == 0;
}

void RunsPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    session_.refreshRuns(); // reading follows
}

} // namespace nanodit
