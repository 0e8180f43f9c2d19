#include "app/plots/metric_plots.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "widgets/factories.h"
#include "widgets/theme.h"

#include <QAction>
#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

constexpr int smoothingWidth = 110, sliderSteps = 100;
constexpr int heightForFour = 520;

/// Even steps of the slider shorten what is forgotten at each point by even factors, from 1 down to 0.001.
double smoothingAt(int position)
{
    return position == 0 ? 0 : 1 - std::pow(1 - strongestSmoothing, static_cast<double>(position) / sliderSteps);
}

int positionOf(double smoothing)
{
    return static_cast<int>(std::lround(sliderSteps * std::log(1 - smoothing) / std::log(1 - strongestSmoothing)));
}

} // namespace

MetricPlots::MetricPlots(BackgroundQueue& background, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , background_(background)
    , dialogs_(dialogs)
    , tools_(new QHBoxLayout)
    , smoothing_(new QSlider(Qt::Horizontal, this))
    , smoothingText_(new QLabel(this))
    , axis_(new QComboBox(this))
    , logarithmic_(new QToolButton(this))
    , add_(makeFlatButton(QStringLiteral("add"), tr("Add a plot; up to four are shown"), this))
    , grid_(new QGridLayout)
{
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addLayout(makeTools());
    grid_->setSpacing(12);
    column->addLayout(grid_, 1);
    setArrangement(PlotLayout());
}

QLayout* MetricPlots::makeTools()
{
    smoothing_->setObjectName(QStringLiteral("plotSmoothing"));
    smoothing_->setRange(0, sliderSteps);
    smoothing_->setFixedWidth(smoothingWidth);
    smoothing_->setAccessibleName(tr("Smoothing"));
    const auto help = tr("Weight of the earlier points in the moving average; the bias at its start is corrected");
    smoothing_->setToolTip(help);
    smoothingText_->setFont(tabularFont(smoothingText_->font()));
    smoothingText_->setToolTip(help);
    setRole(smoothingText_, "small");
    axis_->setObjectName(QStringLiteral("plotAxis"));
    axis_->setAccessibleName(tr("Horizontal axis"));
    axis_->addItems({tr("Steps"), tr("Samples"), tr("Training time"), tr("Date and time")});
    axis_->setToolTip(tr("Horizontal axis. Training time counts training steps alone, without pauses, previews and "
                         "validations; date and time are those at which each step ended."));
    logarithmic_->setObjectName(QStringLiteral("plotLogarithmicAxis"));
    logarithmic_->setText(tr("Log"));
    logarithmic_->setCheckable(true);
    logarithmic_->setProperty("switch", true);
    logarithmic_->setToolTip(tr("Logarithmic horizontal axis"));
    logarithmic_->setAccessibleName(logarithmic_->toolTip());
    add_->setObjectName(QStringLiteral("plotAdd"));
    tools_->setSpacing(8);
    tools_->addStretch(1);
    auto* const label = new QLabel(tr("Smoothing"), this);
    setRole(label, "small");
    tools_->addWidget(label);
    tools_->addWidget(smoothing_);
    tools_->addWidget(smoothingText_);
    tools_->addSpacing(8);
    tools_->addWidget(axis_);
    tools_->addWidget(logarithmic_);
    tools_->addWidget(makeOptions());
    tools_->addWidget(add_);
    connect(smoothing_, &QSlider::valueChanged, this, [this](int position) {
        layout_.smoothing = smoothingAt(position);
        showSmoothing();
        keep();
    });
    connect(axis_, &QComboBox::activated, this, [this](int unit) {
        layout_.unit = static_cast<AxisUnit>(unit);
        arrange();
        keep();
    });
    connect(logarithmic_, &QToolButton::clicked, this, [this](bool logarithmic) {
        layout_.logarithmicAxis = logarithmic;
        arrange();
        keep();
    });
    connect(add_, &QToolButton::clicked, this, [this] {
        // What is not shown yet, in the order of the picker.
        const auto fresh = std::ranges::find_if(
            plotSubjects(), [shown = subjects()](const PlotSubject& s) { return !shown.contains(s.key); });
        layout_.subjects = subjects() << fresh->key;
        arrange();
        keep();
    });
    return tools_;
}

QToolButton* MetricPlots::makeOptions()
{
    auto* const button = makeFlatButton(QStringLiteral("menu"), tr("Options of all plots"), this);
    button->setObjectName(QStringLiteral("plotOptions"));
    button->setPopupMode(QToolButton::InstantPopup);
    auto* const menu = new QMenu(button);
    menu->setToolTipsVisible(true);
    linked_ = menu->addAction(tr("Link horizontal axes"));
    linked_->setObjectName(QStringLiteral("plotLinked"));
    linked_->setCheckable(true);
    linked_->setToolTip(tr("Zooming or moving one plot zooms or moves all plots of this page"));
    ignoreOutliers_ = menu->addAction(tr("Ignore outliers"));
    ignoreOutliers_->setObjectName(QStringLiteral("plotIgnoreOutliers"));
    ignoreOutliers_->setCheckable(true);
    ignoreOutliers_->setToolTip(
        tr("Fit the vertical axes to the values between the 1st and the 99th percentile and those near them; triangles "
           "mark where a curve leaves its plot"));
    button->setMenu(menu);
    connect(linked_, &QAction::triggered, this, [this](bool linked) {
        layout_.linkedAxes = linked;
        arrange();
        keep();
    });
    connect(ignoreOutliers_, &QAction::triggered, this, [this](bool ignore) {
        layout_.ignoreOutliers = ignore;
        arrange();
        keep();
    });
    return button;
}

void MetricPlots::setUsual(const QStringList& subjects)
{
    usual_ = subjects;
    arrange();
}

void MetricPlots::addTool(QWidget* tool)
{
    tools_->insertWidget(0, tool);
}

void MetricPlots::setRuns(std::vector<PlottedRun> runs)
{
    runs_ = std::move(runs);
    for (auto* const panel : panels_)
        panel->showRuns(runs_);
}

void MetricPlots::setEmptyText(const QString& text)
{
    emptyText_ = text;
    for (auto* const panel : panels_)
        panel->setEmptyText(text);
}

void MetricPlots::setArrangement(const PlotLayout& layout)
{
    layout_ = layout;
    const QSignalBlocker quietSlider(smoothing_);
    smoothing_->setValue(positionOf(layout.smoothing));
    axis_->setCurrentIndex(static_cast<int>(layout.unit));
    logarithmic_->setChecked(layout.logarithmicAxis);
    linked_->setChecked(layout.linkedAxes);
    ignoreOutliers_->setChecked(layout.ignoreOutliers);
    arrange();
    showSmoothing();
}

void MetricPlots::addPanel()
{
    auto* const panel = new PlotPanel(background_, dialogs_, this);
    panel->setObjectName(QStringLiteral("plotPanel%1").arg(panels_.size()));
    panel->setEmptyText(emptyText_);
    panel->showRuns(runs_);
    panels_.push_back(panel);
    connect(panel, &PlotPanel::subjectPicked, this, &MetricPlots::keep);
    connect(panel, &PlotPanel::scalePicked, this, &MetricPlots::keep);
    connect(panel, &PlotPanel::rangeChosen, this, [this, panel] { link(*panel); });
    connect(panel, &PlotPanel::done, this, &MetricPlots::done);
    connect(panel, &PlotPanel::failed, this, &MetricPlots::failed);
    connect(
        panel, &PlotPanel::removeWanted, this, [this, panel] { removePanel(panel); },
        Qt::QueuedConnection); // the panel's own menu asks
}

void MetricPlots::link(const PlotPanel& chosen)
{
    if (!layout_.linkedAxes)
        return;
    for (auto* const panel : panels_) {
        if (panel != &chosen && panel->range() != chosen.range())
            panel->showRange(chosen.range());
    }
}

void MetricPlots::removePanel(PlotPanel* panel)
{
    const auto found = std::ranges::find(panels_, panel);
    if (found == panels_.end() || panels_.size() < 2)
        return;
    const auto place = found - panels_.begin();
    layout_.subjects = subjects();
    layout_.subjects.removeAt(place);
    panels_.erase(found);
    panel->retire();
    arrange();
    keep();
}

QStringList MetricPlots::subjects() const
{
    if (!layout_.subjects.isEmpty())
        return layout_.subjects.mid(0, PlotLayout::mostPlots);
    if (!usual_.isEmpty())
        return usual_;
    const QStringList usual = {QStringLiteral("loss"), QStringLiteral("loss_by_drop"), QStringLiteral("gradients"),
                               QStringLiteral("attention")};
    return usual.mid(0, height() >= heightForFour ? 4 : 2);
}

void MetricPlots::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    if (layout_.subjects.isEmpty() && subjects().size() != static_cast<qsizetype>(panels_.size()))
        arrange();
}

/// Makes the panels as many, and what they show, as the layout says.
void MetricPlots::arrange()
{
    const auto shown = subjects();
    while (static_cast<qsizetype>(panels_.size()) < shown.size())
        addPanel();
    while (static_cast<qsizetype>(panels_.size()) > shown.size()) {
        panels_.back()->retire();
        panels_.pop_back();
    }
    for (int i = 0; i < static_cast<int>(panels_.size()); ++i) {
        auto* const panel = panels_[static_cast<std::size_t>(i)];
        const auto& subject = shown[i];
        if (panel->subject() != subject)
            panel->setSubject(subject);
        panel->setOtherScale(layout_.otherScale.contains(panel->subject()));
        panel->setSmoothing(layout_.smoothing);
        panel->setHorizontal(layout_.unit, layout_.logarithmicAxis);
        panel->setIgnoreOutliers(layout_.ignoreOutliers);
        panel->setRemovable(panels_.size() > 1);
        grid_->addWidget(panel, i / 2, i % 2);
    }
    link(*panels_.front()); // also those that are new
    logarithmic_->setEnabled(layout_.unit != AxisUnit::DateTime);
    grid_->setColumnStretch(0, 1);
    grid_->setColumnStretch(1, panels_.size() > 1 ? 1 : 0);
    add_->setEnabled(panels_.size() < PlotLayout::mostPlots);
}

/// Takes over what was picked in the panels.
void MetricPlots::keep()
{
    layout_.subjects.clear();
    for (const auto* const panel : panels_) {
        layout_.subjects << panel->subject();
        layout_.otherScale.removeAll(panel->subject());
        if (panel->otherScale())
            layout_.otherScale << panel->subject();
    }
    Q_EMIT arranged();
}

void MetricPlots::showSmoothing()
{
    smoothingText_->setText(QString::number(layout_.smoothing, 'f', 3));
    for (auto* const panel : panels_)
        panel->setSmoothing(layout_.smoothing);
}

} // namespace nanodit
