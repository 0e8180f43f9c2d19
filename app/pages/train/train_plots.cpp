#include "app/pages/train/train_plots.h"

#include "app/training.h"
#include "core/front/training.h"
#include "widgets/curve_legend.h"
#include "widgets/plots/curve_plot.h"

#include <QComboBox>
#include <QFrame>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QResizeEvent>

#include <memory>
#include <vector>

namespace nanodit {

namespace {

constexpr int heightForFour = 520;

struct SubjectCurve {
    const char* key;  ///< In the table of metrics.
    const char* name; ///< In the legend.
    Hue hue;
};

/// What a panel can show. Scale and healthy range are those of its first curve.
struct Subject {
    const char* title;
    CurvePlot::Drawn drawn;
    std::vector<SubjectCurve> curves;
};

/// The first ones are shown first.
const std::vector<Subject>& subjects()
{
    using enum CurvePlot::Drawn;
    static const std::vector<Subject> all = {
        {QT_TRANSLATE_NOOP("TrainPlots", "Loss"),
         WithAverage,
         {{"loss", QT_TRANSLATE_NOOP("TrainPlots", "raw and smoothed"), meaning::loss}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Velocity norm"),
         WithAverage,
         {{"velocity_norm", "√mean(v²)", meaning::velocity}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Gradient norms"),
         WithAverage,
         {{"grad_norm", QT_TRANSLATE_NOOP("TrainPlots", "all"), meaning::gradient},
          {"grad_norm_dino_patch_proj", "dino_patch_proj", meaning::patches}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Learning rate"),
         AsIs,
         {{"lr", QT_TRANSLATE_NOOP("TrainPlots", "per step"), meaning::neutral}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Loss by t"),
         WithAverage,
         {{"loss_by_t/0-0.25", "t 0–0.25", Hue::Sky},
          {"loss_by_t/0.25-0.5", "0.25–0.5", Hue::Green},
          {"loss_by_t/0.5-0.75", "0.5–0.75", Hue::Orange},
          {"loss_by_t/0.75-1", "0.75–1", Hue::Vermillion}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Loss by drop"),
         WithAverage,
         {{"loss_by_drop/none", QT_TRANSLATE_NOOP("TrainPlots", "none"), Hue::Blue},
          {"loss_by_drop/text", QT_TRANSLATE_NOOP("TrainPlots", "text"), meaning::text},
          {"loss_by_drop/dino", "DINO", meaning::patches},
          {"loss_by_drop/both", QT_TRANSLATE_NOOP("TrainPlots", "both"), meaning::unconditional}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Attention"),
         Marked,
         {{"attention/text", QT_TRANSLATE_NOOP("TrainPlots", "text"), meaning::text},
          {"attention/cls", "CLS", meaning::cls},
          {"attention/patches", QT_TRANSLATE_NOOP("TrainPlots", "patches"), meaning::patches}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Alignment"),
         Marked,
         {{"attention/alignment", QT_TRANSLATE_NOOP("TrainPlots", "distance in patches"), meaning::patches},
          {"attention/even_alignment", QT_TRANSLATE_NOOP("TrainPlots", "if uniform"), meaning::neutral}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Contribution"),
         Marked,
         {{"contribution/text", QT_TRANSLATE_NOOP("TrainPlots", "text"), meaning::text},
          {"contribution/cls", "CLS", meaning::cls},
          {"contribution/patches", QT_TRANSLATE_NOOP("TrainPlots", "patches"), meaning::patches}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Radii"),
         Marked,
         {{"radius/narrowest", QT_TRANSLATE_NOOP("TrainPlots", "narrowest"), meaning::patches},
          {"radius/widest", QT_TRANSLATE_NOOP("TrainPlots", "widest"), meaning::neutral}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Speed"),
         WithAverage,
         {{"samples_per_second", QT_TRANSLATE_NOOP("TrainPlots", "samples/s"), meaning::neutral}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Data wait"),
         AsIs,
         {{"data_wait_seconds", QT_TRANSLATE_NOOP("TrainPlots", "seconds per step"), meaning::neutral}}},
        {QT_TRANSLATE_NOOP("TrainPlots", "Memory"),
         AsIs,
         {{"resident_megabytes", QT_TRANSLATE_NOOP("TrainPlots", "MB"), meaning::neutral}}},
    };
    return all;
}

} // namespace

TrainPlots::TrainPlots(TrainSeries& series, QWidget* parent)
    : QWidget(parent)
    , series_(series)
{
    auto* const grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setSpacing(12);
    for (std::size_t i = 0; i < panels_.size(); ++i) {
        panels_[i] = makePanel(i);
        grid->addWidget(panels_[i], static_cast<int>(i) / 2, static_cast<int>(i) % 2);
        grid->setColumnStretch(static_cast<int>(i) % 2, 1);
    }
    panels_[2]->hide();
    panels_[3]->hide();
}

CurvePlot* TrainPlots::makePlot(std::size_t index, QWidget* parent)
{
    const auto& subject = subjects()[index];
    const auto text = metricText(subject.curves.front().key);
    auto* const plot = new CurvePlot(parent, text.scale == MetricScale::Logarithmic ? CurvePlot::Scale::Logarithmic
                                                                                    : CurvePlot::Scale::Linear);
    plot->setAccessibleName(tr(subject.title));
    plot->setEmptyText(tr("Press Start or select a past run"));
    if (text.healthy && text.scale == MetricScale::Linear)
        plot->setHealthyBand(text.healthy->low, text.healthy->high);
    for (const auto& curve : subject.curves)
        plot->addCurve(&series_.of(curve.key), tr(curve.name), {.hue = curve.hue, .drawn = subject.drawn});
    return plot;
}

QWidget* TrainPlots::makePanel(std::size_t firstSubject)
{
    auto* const panel = new QFrame(this);
    panel->setProperty("surface", "panel");
    auto* const picker = new QComboBox(panel);
    picker->setAccessibleName(tr("Metric of this plot"));
    picker->setProperty("flat", true);
    for (const auto& subject : subjects())
        picker->addItem(tr(subject.title));
    picker->setCurrentIndex(static_cast<int>(firstSubject));

    auto* const head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(picker);
    auto* const column = new QVBoxLayout(panel);
    column->setContentsMargins(12, 8, 12, 4);
    column->setSpacing(4);
    column->addLayout(head);
    // The plot of another quantity replaces this one; only what is shown is drawn.
    const auto show = [this, panel, head, column, plot = std::make_shared<CurvePlot*>(nullptr)](int index) {
        delete *plot;
        *plot = makePlot(static_cast<std::size_t>(index), panel);
        for (auto* const old : panel->findChildren<CurveLegend*>(QString(), Qt::FindDirectChildrenOnly))
            delete old;
        auto* const legend = (*plot)->legend();
        head->addWidget(legend, 1);
        legend->show();
        column->addWidget(*plot, 1);
    };
    connect(picker, &QComboBox::currentIndexChanged, panel, show);
    show(static_cast<int>(firstSubject));
    return panel;
}

void TrainPlots::resizeEvent(QResizeEvent* event)
{
    const bool four = event->size().height() >= heightForFour;
    panels_[2]->setVisible(four);
    panels_[3]->setVisible(four);
}

} // namespace nanodit
