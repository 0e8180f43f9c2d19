#include "app/pages/train/mechanism_view.h"

#include "widgets/fitted_label.h"
#include "widgets/matrix_view.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace nanodit {

namespace {

struct MechanismMatrix {
    const char* object;
    const char* title;
    double BlockAttention::*value;
    bool isShare = false;
    std::optional<Hue> hue{};
};

/// In the order of the views.
const std::array<MechanismMatrix, 6>& mechanismMatrices()
{
    static const std::array<MechanismMatrix, 6> shown = {
        {{"mechanismText", QT_TRANSLATE_NOOP("MechanismView", "Text adds"), &BlockAttention::textAdds, true,
          meaning::text},
         {"mechanismCls", QT_TRANSLATE_NOOP("MechanismView", "CLS adds"), &BlockAttention::clsAdds, true, meaning::cls},
         {"mechanismPatches", QT_TRANSLATE_NOOP("MechanismView", "Patches add"), &BlockAttention::patchesAdd, true,
          meaning::patches},
         {"mechanismAlignment", QT_TRANSLATE_NOOP("MechanismView", "Alignment"), &BlockAttention::alignment},
         {"mechanismNarrowest", QT_TRANSLATE_NOOP("MechanismView", "Narrowest radius"), &BlockAttention::narrowest},
         {"mechanismWidest", QT_TRANSLATE_NOOP("MechanismView", "Widest radius"), &BlockAttention::widest}}};
    return shown;
}

/// [blocks, steps]; not-a-number where a step does not have it.
std::vector<float> matrixOf(const std::vector<StepMetrics>& measured, std::size_t blocks, double BlockAttention::*value,
                            double factor)
{
    std::vector<float> matrix(blocks * measured.size(), std::numeric_limits<float>::quiet_NaN());
    for (std::size_t step = 0; step < measured.size(); ++step) {
        for (std::size_t block = 0; block < measured[step].attention.size(); ++block)
            matrix[block * measured.size() + step] =
                static_cast<float>(factor * (measured[step].attention[block].*value));
    }
    return matrix;
}

double largestFinite(const std::vector<float>& values)
{
    double largest = 0;
    for (const float value : values) {
        if (std::isfinite(value))
            largest = std::max(largest, static_cast<double>(value));
    }
    return largest;
}

} // namespace

MechanismView::MechanismView(QWidget* parent)
    : QWidget(parent)
    , about_(new FittedLabel(this))
{
    about_->setObjectName(QStringLiteral("mechanismAbout"));
    about_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    setRole(about_, "secondary");
    auto* const row = new QHBoxLayout;
    row->setSpacing(12);
    for (const auto& shown : mechanismMatrices()) {
        auto* const view = new MatrixView(tr(shown.title), this);
        view->setObjectName(QLatin1String(shown.object));
        if (shown.hue)
            view->setHue(*shown.hue);
        views_.push_back(view);
        row->addWidget(view, 1);
    }
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(8, 4, 8, 4);
    column->setSpacing(4);
    column->addWidget(about_);
    column->addLayout(row, 1);
    showSteps({}, {});
}

void MechanismView::showSteps(const std::vector<StepMetrics>& measured, std::optional<std::int64_t> breakThrough)
{
    if (measured.empty()) {
        for (auto* const view : views_)
            view->clear();
        about_->setText(tr("What each block does with text, CLS and patches, once a step has measured attention "
                           "(metrics.attention_every)."));
        return;
    }
    std::size_t blocks = 0;
    QStringList steps;
    for (const auto& step : measured) {
        blocks = std::max(blocks, step.attention.size());
        steps << QString::number(step.step);
    }
    std::optional<std::int64_t> column; // the first that was measured from there on
    if (breakThrough && measured.back().step >= *breakThrough)
        column = std::ranges::lower_bound(measured, *breakThrough, {}, &StepMetrics::step) - measured.begin();
    const double even = largestFinite(matrixOf(measured, blocks, &BlockAttention::evenAlignment, 1));
    for (std::size_t i = 0; i < views_.size(); ++i) {
        const auto& shown = mechanismMatrices()[i];
        auto values = matrixOf(measured, blocks, shown.value, shown.isShare ? 100 : 1);
        if (std::ranges::none_of(values, [](float value) { return std::isfinite(value); })) {
            views_[i]->clear(); // a model without patches or priors, or a run of a version that did not measure it
            continue;
        }
        HeatScale scale{.low = 0, .high = 100, .quantity = tr("%"), .decimals = 0};
        if (shown.value == &BlockAttention::alignment)
            scale = {.low = 0,
                     .high = even > 0 ? even : largestFinite(values),
                     .quantity = tr("patches"),
                     .decimals = 1,
                     .highIsAbove = true};
        else if (!shown.isShare)
            scale = {.low = 0, .high = largestFinite(values), .quantity = tr("latent tokens"), .decimals = 1};
        const GridSize size{static_cast<std::int64_t>(blocks), static_cast<std::int64_t>(measured.size())};
        views_[i]->setMatrix(size, std::move(values), scale);
        views_[i]->setAxes(tr("block"), tr("step"), {}, steps);
        views_[i]->setChosen({}, column);
    }
    about_->setText(breakThrough ? tr("Patches are used from step %1 on (marked).").arg(*breakThrough)
                                 : tr("Patches are not used yet."));
    about_->setToolTip(
        tr("Used means that the loss with nothing dropped stays 15 % or more below the loss without DINO, "
           "averaged over 50 steps."));
}

} // namespace nanodit
