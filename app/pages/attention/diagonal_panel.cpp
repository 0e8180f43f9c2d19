#include "app/pages/attention/diagonal_panel.h"

#include "widgets/fitted_label.h"
#include "widgets/matrix_view.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

float largestIn(const std::vector<float>& values)
{
    return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

/// [blocks x heads] of numbers that are one wide.
void showByPart(MatrixView* view, const AttentionNumbers& numbers, const HeatScale& scale, const AttentionPart& part)
{
    view->setMatrix({numbers.blocks, numbers.heads}, numbers.values, scale);
    view->setChosen(part.block, part.head);
}

} // namespace

DiagonalPanel::DiagonalPanel(QWidget* parent)
    : QWidget(parent)
    , rows_(new MatrixView(tr("Rows"), this))
    , columns_(new MatrixView(tr("Columns"), this))
    , alignment_(new MatrixView(tr("Alignment"), this))
    , entropy_(new MatrixView(tr("Entropy"), this))
    , sentence_(new FittedLabel(this))
{
    rows_->setObjectName(QStringLiteral("attentionRows"));
    columns_->setObjectName(QStringLiteral("attentionColumns"));
    alignment_->setObjectName(QStringLiteral("attentionAlignment"));
    entropy_->setObjectName(QStringLiteral("attentionEntropy"));
    sentence_->setObjectName(QStringLiteral("attentionAligned"));
    sentence_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    setRole(sentence_, "secondary");
    sentence_->setToolTip(tr("Distance from a latent token to the centre of mass of its attention over the patches, "
                             "averaged over all latent tokens; uniform attention "
                             "would give the number in brackets. Entropy: 0 when one token gets everything, "
                             "the second number when all tokens get the same."));
    rows_->setAxes(tr("latent row"), tr("patch row"));
    columns_->setAxes(tr("latent column"), tr("patch column"));
    rows_->setDiagonal(true);
    columns_->setDiagonal(true);
    auto* const views = new QHBoxLayout;
    views->setSpacing(12);
    for (auto* const view : {rows_, columns_, alignment_, entropy_})
        views->addWidget(view, 1);
    for (auto* const view : {alignment_, entropy_}) {
        view->setAxes(tr("block"), tr("head"));
        connect(view, &MatrixView::cellClicked, this,
                [this](std::int64_t block, std::int64_t head) { Q_EMIT partChosen({.block = block, .head = head}); });
    }
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 0);
    column->setSpacing(8);
    column->addWidget(sentence_);
    column->addLayout(views, 1);
    clear();
}

void DiagonalPanel::clear()
{
    for (auto* const view : {rows_, columns_, alignment_, entropy_})
        view->clear();
    sentence_->setText(tr("Where every row and column of the picture attends, once a model is inspected."));
}

void DiagonalPanel::showSummaries(const AttentionScene& scene, const AttentionSummaries& summaries,
                                  const AttentionPart& part)
{
    const double most = std::log(static_cast<double>(scene.textTokens + 1 + scene.patches.count()));
    const double entropy = summaries.entropy.of(part.block, part.head)[0];
    const auto entropyText = tr("Entropy %1 of %2 nats.").arg(entropy, 0, 'f', 2).arg(most, 0, 'f', 2);
    showByPart(entropy_, summaries.entropy, {.low = 0, .high = most, .quantity = tr("nats"), .decimals = 1}, part);
    if (summaries.byRow.values.empty()) {
        for (auto* const view : {rows_, columns_, alignment_})
            view->clear();
        sentence_->setText(
            tr("This model has no patches, so latent tokens have no place to attend to. %1").arg(entropyText));
        return;
    }
    const auto show = [&part](MatrixView* view, GridSize size, const AttentionNumbers& numbers) {
        auto mass = numbers.of(part.block, part.head);
        for (auto& value : mass)
            value *= 100;
        const double largest = largestIn(mass);
        view->setMatrix(size, std::move(mass),
                        {.low = 0, .high = largest, .quantity = tr("% of attention"), .decimals = 1});
    };
    show(rows_, {scene.latents.rows, scene.patches.rows}, summaries.byRow);
    show(columns_, {scene.latents.cols, scene.patches.cols}, summaries.byColumn);
    showByPart(alignment_, summaries.alignment,
               {.low = 0, .high = scene.evenAlignment, .quantity = tr("patches"), .decimals = 1, .highIsAbove = true},
               part);
    const double away = summaries.alignment.of(part.block, part.head)[0];
    sentence_->setText(tr("Centre of mass %1 patches from the token's own place (uniform attention: %2). %3")
                           .arg(away, 0, 'f', 2)
                           .arg(scene.evenAlignment, 0, 'f', 2)
                           .arg(entropyText));
}

} // namespace nanodit
