#include "app/pages/attention/mechanism_panel.h"

#include "widgets/factories.h"
#include "widgets/matrix_view.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace {

/// [blocks, 3] in per cent, means over heads.
std::vector<float> bySegment(const AttentionNumbers& numbers)
{
    std::vector<float> values;
    for (std::int64_t block = 0; block < numbers.blocks; ++block) {
        for (const float share : numbers.of(block, {}))
            values.push_back(100 * share);
    }
    return values;
}

QString sinksText(const AttentionScene& scene, const std::vector<AttentionSink>& sinks)
{
    QStringList lines;
    for (const auto& sink : sinks)
        lines << MechanismPanel::tr("block %1: %2 receives %3 % and adds %4 %")
                     .arg(sink.block)
                     .arg(QString::fromStdString(scene.nameOf(sink.token)), percentNumber(sink.mass),
                          percentNumber(sink.contribution));
    return lines.isEmpty() ? MechanismPanel::tr("none: everything that receives much attention contributes its share")
                           : lines.join(QLatin1Char('\n'));
}

} // namespace

MechanismPanel::MechanismPanel(QWidget* parent)
    : QWidget(parent)
    , mass_(new MatrixView(tr("Attention on"), this))
    , adds_(new MatrixView(tr("Contribution of"), this))
    , radii_(new MatrixView(tr("Radii of the heads"), this))
    , sinks_(new QLabel(this))
{
    mass_->setObjectName(QStringLiteral("attentionMass"));
    adds_->setObjectName(QStringLiteral("attentionAdds"));
    radii_->setObjectName(QStringLiteral("attentionRadii"));
    sinks_->setObjectName(QStringLiteral("attentionSinks"));
    const QStringList segments = {tr("text"), tr("CLS"), tr("patches")};
    mass_->setAxes(tr("block"), {}, {}, segments);
    adds_->setAxes(tr("block"), {}, {}, segments);
    radii_->setAxes(tr("block"), tr("head"));
    adds_->setToolTip(tr("Lengths of what text, CLS and patches add to the latent tokens after the output projection, "
                         "all heads together, as shares of their sum"));
    radii_->setToolTip(tr("Reach of a head's spatial prior: at this distance from a latent token, attention on a "
                          "patch is weighted by 0.61"));
    sinks_->setTextFormat(Qt::PlainText); // words of captions
    sinks_->setWordWrap(true);
    sinks_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    sinks_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* const title = makeSection(tr("Sinks"), this);
    title->setToolTip(
        tr("Tokens with at least five times the mass of uniform attention that contribute less than half of their "
           "share"));
    auto* const scroll = new QScrollArea(this);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->viewport()->setAutoFillBackground(false);
    scroll->setWidget(sinks_);
    sinks_->setAutoFillBackground(false);
    auto* const list = new QVBoxLayout;
    list->setSpacing(4);
    list->addWidget(title);
    list->addWidget(scroll, 1);
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(0, 4, 0, 0);
    row->setSpacing(12);
    for (auto* const view : {mass_, adds_, radii_})
        row->addWidget(view, 1);
    row->addLayout(list, 1);
    for (auto* const view : {mass_, adds_})
        connect(view, &MatrixView::cellClicked, this,
                [this](std::int64_t block, std::int64_t) { Q_EMIT partChosen({.block = block, .head = {}}); });
    connect(radii_, &MatrixView::cellClicked, this,
            [this](std::int64_t block, std::int64_t head) { Q_EMIT partChosen({.block = block, .head = head}); });
    clear();
}

void MechanismPanel::clear()
{
    for (auto* const view : {mass_, adds_, radii_})
        view->clear();
    sinks_->setText(tr("What every block does with its attention, once a model is inspected."));
}

void MechanismPanel::showSummaries(const AttentionScene& scene, const AttentionSummaries& summaries,
                                   const AttentionPart& part)
{
    const auto show = [&](MatrixView* view, const AttentionNumbers& numbers) {
        view->setMatrix({numbers.blocks, 3}, bySegment(numbers),
                        {.low = 0, .high = 100, .quantity = tr("%"), .decimals = 0});
        view->setChosen(part.block, {});
    };
    show(mass_, summaries.shares);
    show(adds_, summaries.contribution);
    auto text = sinksText(scene, summaries.sinks);
    if (scene.radii.values.empty()) {
        radii_->clear();
        text += tr("\n\nThis model has no spatial prior, so its heads have no radii.");
    } else {
        radii_->setMatrix({scene.radii.blocks, scene.radii.heads}, scene.radii.values,
                          {.low = 0,
                           .high = static_cast<double>(*std::ranges::max_element(scene.radii.values)),
                           .quantity = tr("latent tokens"),
                           .decimals = 1});
        radii_->setChosen(part.block, part.head);
    }
    sinks_->setText(text);
}

} // namespace nanodit
