#include "app/pages/attention/knock_out_panel.h"

#include "widgets/attention_map.h"
#include "widgets/factories.h"
#include "widgets/fitted_label.h"
#include "widgets/matrix_view.h"
#include "widgets/picture.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <limits>

namespace nanodit {

KnockOutPanel::KnockOutPanel(QWidget* parent)
    : QWidget(parent)
    , knock_(makeButton(tr("Knock out"), QStringLiteral("clear"),
                        tr("Evaluate the model without the selected word, CLS or patches (K)"), true, this))
    , seed_(new QSpinBox(this))
    , about_(new FittedLabel(this))
    , change_(new AttentionMap(tr("Change of the velocity without it"), this))
    , control_(new AttentionMap(tr("Change of the velocity without the control"), this))
    , agreement_(new MatrixView(tr("Agreement by block"), this))
{
    knock_->setObjectName(QStringLiteral("attentionKnockOut"));
    seed_->setObjectName(QStringLiteral("attentionControlSeed"));
    seed_->setRange(0, std::numeric_limits<int>::max());
    seed_->setPrefix(tr("control "));
    seed_->setAccessibleName(tr("Seed of the control"));
    seed_->setToolTip(tr("Seed for drawing the control: other tokens with the same share of attention"));
    about_->setObjectName(QStringLiteral("attentionKnockedOut"));
    about_->setFont(tabularFont(about_->font()));
    about_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    change_->setObjectName(QStringLiteral("attentionChange"));
    change_->setEmptyText(tr("The change of the velocity appears here"));
    change_->setQuantity(tr("change without it"));
    control_->setObjectName(QStringLiteral("attentionControlChange"));
    control_->setEmptyText(tr("Change without as much attention elsewhere"));
    control_->setQuantity(tr("change without the control"));
    agreement_->setObjectName(QStringLiteral("attentionAgreement"));
    agreement_->setAxes(tr("block"), {}, {}, {tr("agreement")});
    agreement_->setToolTip(
        tr("Correlation, over latent tokens, of the change with the block's map of what was left out. "
           "The block with the largest value grounds it best. Click to select the block."));
    auto* const head = new QHBoxLayout;
    head->setSpacing(12);
    head->addWidget(knock_);
    head->addWidget(seed_);
    head->addWidget(about_, 1);
    auto* const views = new QHBoxLayout;
    views->setSpacing(12);
    views->addWidget(change_, 2);
    views->addWidget(control_, 2);
    views->addWidget(agreement_, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addLayout(head);
    column->addLayout(views, 1);
    connect(knock_, &QPushButton::clicked, this, &KnockOutPanel::knockOut);
    connect(agreement_, &MatrixView::cellClicked, this,
            [this](std::int64_t block, std::int64_t) { Q_EMIT blockChosen(block); });
    tell();
}

void KnockOutPanel::showScene(const AttentionScene& scene)
{
    scene_ = scene;
    tokens_.clear(); // the other scene's; it may have no patches at all
    for (auto* const map : {change_, control_}) {
        map->setGrid(scene.latents);
        map->setPicture(qImageFromImage(scene.forming.empty() ? scene.reference : scene.forming));
    }
    forget();
}

void KnockOutPanel::showChoice(const AttentionChoice& choice)
{
    auto tokens = scene_ ? questionOf(choice, *scene_).tokens : std::vector<std::int64_t>{};
    if (!choice.latents.empty())
        tokens.clear();
    if (tokens == tokens_)
        return;
    tokens_ = std::move(tokens);
    if (!tokens_.empty() && !(out_ && out_->tokens == tokens_)) // what was measured stays while the picture is asked
        forget();
    tell();
}

void KnockOutPanel::knockOut()
{
    if (!tokens_.empty())
        Q_EMIT knockOutWanted(tokens_, static_cast<std::uint64_t>(seed_->value()));
}

void KnockOutPanel::showKnockOut(const KnockOut& out)
{
    out_ = out;
    const auto largest = [](const std::vector<float>& values) { return *std::ranges::max_element(values); };
    const double common = static_cast<double>(std::max(largest(out.change), largest(out.controlChange)));
    change_->setValues(out.change);
    control_->setValues(out.controlChange);
    for (auto* const map : {change_, control_})
        map->setLargest(common);
    std::vector<float> agreement;
    for (const double value : out.agreement)
        agreement.push_back(static_cast<float>(value));
    agreement_->setMatrix({static_cast<std::int64_t>(agreement.size()), 1}, agreement,
                          {.low = 0, .high = 1, .quantity = tr("correlation"), .decimals = 1, .lowIsBelow = true});
    agreement_->setChosen(out.bestBlock(), {});
    tell();
}

void KnockOutPanel::setOpacity(double opacity)
{
    change_->setOpacity(opacity);
    control_->setOpacity(opacity);
}

void KnockOutPanel::clear()
{
    scene_.reset();
    tokens_.clear();
    for (auto* const map : {change_, control_}) {
        map->setGrid({});
        map->setPicture({});
    }
    forget();
}

void KnockOutPanel::forget()
{
    out_.reset();
    for (auto* const map : {change_, control_})
        map->setValues({});
    agreement_->clear();
    tell();
}

QString KnockOutPanel::nameOfTokens(const std::vector<std::int64_t>& tokens) const
{
    if (tokens.empty())
        return {};
    const auto first = QString::fromStdString(scene_->nameOf(tokens.front()));
    const bool patches = tokens.front() > scene_->clsToken();
    if (patches && tokens.size() > 1)
        return tr("%1 patches").arg(tokens.size());
    return tokens.front() < scene_->clsToken() ? QStringLiteral("\"%1\"").arg(first) : first;
}

void KnockOutPanel::tell()
{
    knock_->setEnabled(scene_ && !tokens_.empty());
    if (!out_) {
        about_->setText(scene_ && !tokens_.empty()
                            ? tr("Leave out %1 to see where the velocity changes.").arg(nameOfTokens(tokens_))
                            : tr("Select a word, CLS or patches above to see what the model does without them."));
        return;
    }
    auto text =
        tr("Without %1 (%2 % of attention) the velocity changes by %3 % of its norm; without the control (%4 %) "
           "by %5 %.")
            .arg(nameOfTokens(out_->tokens), percentNumber(out_->mass), percentNumber(out_->meanChange),
                 percentNumber(out_->controlMass), percentNumber(out_->meanControlChange));
    if (const auto best = out_->bestBlock())
        text += tr(" Block %1 grounds it best: %2.")
                    .arg(*best)
                    .arg(out_->agreement[static_cast<std::size_t>(*best)], 0, 'f', 2);
    about_->setText(text);
    QStringList control;
    for (const auto token : out_->controlTokens)
        control << QString::fromStdString(scene_->nameOf(token));
    about_->setToolTip(toolTipOf(tr("The control, drawn by its seed: %1").arg(control.join(QStringLiteral(" · ")))));
}

} // namespace nanodit
