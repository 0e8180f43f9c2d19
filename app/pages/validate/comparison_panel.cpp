#include "app/pages/validate/comparison_panel.h"

#include "app/pages/validate/validation_view.h"
#include "app/validation_subjects.h"
#include "widgets/curve_legend.h"
#include "widgets/fitted_columns.h"
#include "widgets/fitted_combo_box.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/metric_series.h"
#include "widgets/state_panel.h"
#include "widgets/theme.h"

#include <QFrame>
#include <QHeaderView>
#include <QLabel>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStackedWidget>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

constexpr int firstNumber = 2, lastNumber = 6, verdictColumn = 7;
constexpr int taskRole = Qt::UserRole, metricRole = Qt::UserRole + 1;
constexpr auto ownHue = Hue::Blue, baselineHue = Hue::Orange;

std::pair<QFrame*, QVBoxLayout*> makePlotPanel(QWidget* parent)
{
    auto* const panel = new QFrame(parent);
    panel->setProperty("surface", "panel");
    auto* const column = new QVBoxLayout(panel);
    column->setContentsMargins(12, 8, 12, 4);
    column->setSpacing(4);
    return {panel, column};
}

/// With its legend, which its frame took over.
void removePlot(CurvePlot* plot)
{
    if (plot != nullptr)
        delete plot->legend();
    delete plot;
}

} // namespace

ComparisonPanel::ComparisonPanel(QWidget* parent)
    : QWidget(parent)
    , states_(new QStackedWidget(this))
    , nothing_(new StatePanel(this))
    , table_(new QTreeWidget(this))
{
    table_->setObjectName(QStringLiteral("differences"));
    table_->setAccessibleName(tr("Differences"));
    table_->setRootIsDecorated(false);
    table_->setUniformRowHeights(true);
    table_->setProperty("bare", true);
    table_->setFont(tabularFont(table_->font()));
    table_->setToolTip(tr("Enter or double-click shows the pictures behind a row"));
    table_->setColumnCount(verdictColumn + 1);
    columns_ =
        new FittedColumns(table_, {1, firstNumber, firstNumber + 1, verdictColumn}); // names, and what they measure
    table_->setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    connect(table_, &QTreeWidget::itemActivated, this, [this](const QTreeWidgetItem* item) {
        Q_EMIT metricChosen(static_cast<ValidationTask>(item->data(0, taskRole).toInt()),
                            item->data(0, metricRole).toString());
    });
    auto* const rows = new QSplitter(Qt::Vertical, this);
    rows->setObjectName(QStringLiteral("comparisonRows"));
    rows->setChildrenCollapsible(false);
    rows->addWidget(table_);
    rows->addWidget(makeCurves());
    rows->setSizes({400, 300});
    states_->addWidget(nothing_);
    states_->addWidget(rows);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(states_);
}

ComparisonPanel::~ComparisonPanel() = default;

QWidget* ComparisonPanel::makeCurves()
{
    auto* const curves = new QWidget(this);
    auto* const row = new QHBoxLayout(curves);
    row->setContentsMargins(0, 8, 0, 0);
    row->setSpacing(12);
    auto [coursePanel, courseColumn] = makePlotPanel(curves);
    auto [lossPanel, lossColumn] = makePlotPanel(curves);
    courseColumn_ = courseColumn;
    lossColumn_ = lossColumn;
    courseChoice_ = new FittedComboBox(coursePanel);
    courseChoice_->setObjectName(QStringLiteral("course"));
    courseChoice_->setAccessibleName(tr("Metric over the steps"));
    courseChoice_->setProperty("flat", true);
    courseColumn_->addWidget(courseChoice_, 0, Qt::AlignLeft);
    auto* const lossTitle = new QLabel(tr("Training loss"), lossPanel);
    setRole(lossTitle, "section");
    lossTitle->setMinimumHeight(courseChoice_->sizeHint().height());
    lossColumn_->addWidget(lossTitle);
    row->addWidget(coursePanel, 1);
    row->addWidget(lossPanel, 1);
    connect(courseChoice_, &QComboBox::currentIndexChanged, this, &ComparisonPanel::plotCourse);
    return curves;
}

void ComparisonPanel::show(const ShownValidation& shown)
{
    differences_ = shown.differences;
    losses_ = shown.losses;
    baselineRun_ = shown.baseline ? QString::fromStdString(shown.baseline->run) : QString();
    shownRun_ = QString::fromStdString(shown.report.run);
    if (!shown.baseline) {
        if (shown.obstacle.isEmpty())
            nothing_->showEmpty(
                QStringLiteral("validate"), tr("Nothing to compare with yet"),
                tr("Select a validated model under \u201cCompare with\u201d; validate another run first if "
                   "there is none."));
        else
            nothing_->showEmpty(QStringLiteral("warning"), tr("These two cannot be compared"), shown.obstacle);
        states_->setCurrentIndex(0);
        return;
    }
    table_->setHeaderLabels({tr("Test"), tr("Metric"), shown.baselineName, shown.name, tr("Difference"),
                             tr("95 % interval"), tr("n"), tr("Verdict")});
    fillTable();
    courseChoice_->changeEntries(
        [this, courses = shown.courses, baselineName = shown.baselineName, shownName = shown.name] {
            courses_ = courses;
            baselineName_ = baselineName;
            shownName_ = shownName;
            listCourses();
        });
    plotLoss();
    states_->setCurrentIndex(1);
}

void ComparisonPanel::fillTable()
{
    table_->clear();
    QString before;
    for (const auto& row : differenceRows(differences_)) {
        auto cells = row.cells;
        if (cells.front() == before)
            cells.front().clear();
        before = row.cells.front();
        cells << (row.change.arrow.isEmpty() ? row.change.text : row.change.arrow + QLatin1Char(' ') + row.change.text);
        auto* const item = new QTreeWidgetItem(table_, cells);
        item->setData(0, taskRole, static_cast<int>(row.task));
        item->setData(0, metricRole, QString::fromStdString(row.metric));
        item->setToolTip(1, QString::fromStdString(metricInfo(row.metric).help));
        for (int column = firstNumber; column <= lastNumber; ++column)
            item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
        const auto& colours = themeColours();
        using enum ValueChange::Verdict;
        item->setForeground(verdictColumn, row.change.verdict == Better  ? colours.accentText
                                           : row.change.verdict == Worse ? colours.problemText()
                                                                         : colours.secondary);
    }
    for (int column = firstNumber; column <= lastNumber; ++column)
        table_->headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    columns_->measure();
}

void ComparisonPanel::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) // verdicts have colours of the theme
        fillTable();
}

void ComparisonPanel::listCourses()
{
    const auto chosen = courseChoice_->currentText();
    const QSignalBlocker quiet(courseChoice_);
    courseChoice_->clear();
    for (std::size_t i = 0; i < courses_.size(); ++i) {
        const auto name = QStringLiteral("%1: %2").arg(taskTitle(courses_[i].task),
                                                       QString::fromStdString(metricInfo(courses_[i].metric).label));
        if (courseChoice_->findText(name) < 0)
            courseChoice_->addItem(name, static_cast<int>(i));
    }
    courseChoice_->setCurrentIndex(std::max(0, courseChoice_->findText(chosen)));
    plotCourse();
}

void ComparisonPanel::plotCourse()
{
    removePlot(course_);
    courseSeries_.clear();
    course_ = new CurvePlot(this);
    course_->setAccessibleName(tr("Metric over the steps"));
    course_->setEmptyText(tr("Validate more than one step of a run to see a curve"));
    const auto index = courseChoice_->currentData().toInt();
    if (index >= 0 && index < static_cast<int>(courses_.size())) {
        const auto& chosen = courses_[static_cast<std::size_t>(index)];
        for (const auto& course : courses_) {
            if (course.task != chosen.task || course.metric != chosen.metric)
                continue;
            auto series = std::make_unique<MetricSeries>();
            for (const auto& point : course.points)
                series->append(static_cast<double>(point.step), point.mean);
            const auto run = QString::fromStdString(course.run);
            const bool ofBaseline = run == baselineName_ && run != shownName_; // of one run: the shown one's
            course_->addCurve(series.get(), run,
                              {.hue = ofBaseline ? baselineHue : ownHue, .drawn = CurvePlot::Drawn::Marked});
            courseSeries_.push_back(std::move(series));
        }
    }
    courseColumn_->addWidget(course_->legend());
    courseColumn_->addWidget(course_, 1);
    course_->legend()->show();
}

void ComparisonPanel::plotLoss()
{
    removePlot(loss_);
    lossSeries_.clear();
    loss_ = new CurvePlot(this);
    loss_->setAccessibleName(tr("Training loss"));
    loss_->setEmptyText(tr("No metrics recorded for these runs"));
    for (const auto& course : losses_) {
        auto series = std::make_unique<MetricSeries>();
        for (const auto& point : course.points)
            series->append(static_cast<double>(point.step), point.mean);
        const auto run = QString::fromStdString(course.run);
        const bool ofBaseline = run == baselineRun_ && run != shownRun_; // of one run: the shown one's
        loss_->addCurve(series.get(), run, {.hue = ofBaseline ? baselineHue : ownHue});
        lossSeries_.push_back(std::move(series));
    }
    lossColumn_->addWidget(loss_->legend());
    lossColumn_->addWidget(loss_, 1);
    loss_->legend()->show();
}

} // namespace nanodit
