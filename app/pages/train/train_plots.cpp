#include "app/pages/train/train_plots.h"

#include "app/training.h"
#include "widgets/curve_legend.h"
#include "widgets/plots/curve_plot.h"

#include <QComboBox>
#include <QFrame>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QResizeEvent>

#include <memory>

namespace nanodit {

namespace {
constexpr int heightForFour = 520;
} // namespace

TrainPlots::TrainPlots(TrainSeries& series, QWidget* parent)
    : QWidget(parent)
    , series_(series)
{
    auto* const grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setSpacing(12);
    for (int i = 0; i < quantities; ++i) {
        panels_[static_cast<std::size_t>(i)] = makePanel(static_cast<Quantity>(i));
        grid->addWidget(panels_[static_cast<std::size_t>(i)], i / 2, i % 2);
        grid->setColumnStretch(i % 2, 1);
    }
    panels_[2]->hide();
    panels_[3]->hide();
}

QString TrainPlots::nameOf(Quantity quantity)
{
    switch (quantity) {
    case Quantity::Loss:
        return tr("Loss");
    case Quantity::VelocityNorm:
        return tr("Velocity norm");
    case Quantity::GradientNorms:
        return tr("Gradient norms");
    case Quantity::LearningRate:
        break;
    }
    return tr("Learning rate");
}

CurvePlot* TrainPlots::makePlot(Quantity quantity, QWidget* parent)
{
    const bool logarithmic = quantity == Quantity::GradientNorms;
    auto* const plot = new CurvePlot(parent, logarithmic ? CurvePlot::Scale::Logarithmic : CurvePlot::Scale::Linear);
    plot->setAccessibleName(nameOf(quantity));
    plot->setEmptyText(tr("press Start, or choose a past run"));
    switch (quantity) {
    case Quantity::Loss:
        plot->addCurve(&series_.loss, tr("raw and smoothed"), meaning::loss, CurvePlot::Drawn::WithAverage);
        break;
    case Quantity::VelocityNorm:
        plot->setHealthyBand(0.5, 3.0);
        plot->addCurve(&series_.velocityNorm, tr("√mean(v²)"), meaning::velocity, CurvePlot::Drawn::WithAverage);
        break;
    case Quantity::GradientNorms:
        plot->addCurve(&series_.gradNorm, tr("all"), meaning::gradient, CurvePlot::Drawn::WithAverage);
        plot->addCurve(&series_.gradNormPatchProj, QStringLiteral("dino_patch_proj"), meaning::patches,
                       CurvePlot::Drawn::WithAverage);
        break;
    case Quantity::LearningRate:
        plot->addCurve(&series_.learningRate, tr("per step"), meaning::neutral);
        break;
    }
    return plot;
}

QWidget* TrainPlots::makePanel(Quantity first)
{
    auto* const panel = new QFrame(this);
    panel->setProperty("surface", "panel");
    auto* const picker = new QComboBox(panel);
    picker->setAccessibleName(tr("Quantity of this plot"));
    picker->setProperty("flat", true);
    for (int i = 0; i < quantities; ++i)
        picker->addItem(nameOf(static_cast<Quantity>(i)));
    picker->setCurrentIndex(static_cast<int>(first));

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
        *plot = makePlot(static_cast<Quantity>(index), panel);
        for (auto* const old : panel->findChildren<CurveLegend*>(QString(), Qt::FindDirectChildrenOnly))
            delete old;
        auto* const legend = (*plot)->legend();
        head->addWidget(legend, 1);
        legend->show();
        column->addWidget(*plot, 1);
    };
    connect(picker, &QComboBox::currentIndexChanged, panel, show);
    show(static_cast<int>(first));
    return panel;
}

void TrainPlots::resizeEvent(QResizeEvent* event)
{
    const bool four = event->size().height() >= heightForFour;
    panels_[2]->setVisible(four);
    panels_[3]->setVisible(four);
}

} // namespace nanodit
