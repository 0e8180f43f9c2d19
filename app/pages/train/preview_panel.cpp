#include "app/pages/train/preview_panel.h"

#include "widgets/commands.h"
#include "widgets/preview_grid.h"
#include "widgets/state_panel.h"

#include <QComboBox>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace {

enum View { Nothing, Steps, Strip };

QString kindName(qint64 kind)
{
    switch (static_cast<PreviewKind>(kind)) {
    case PreviewKind::TextOnly:
        return PreviewPanel::tr("text only");
    case PreviewKind::DinoOnly:
        return PreviewPanel::tr("DINO only");
    case PreviewKind::ClsOnly:
        return PreviewPanel::tr("CLS only");
    case PreviewKind::Swapped:
        return PreviewPanel::tr("other's DINO");
    case PreviewKind::Shuffled:
        return PreviewPanel::tr("shuffled");
    case PreviewKind::Raw:
        return PreviewPanel::tr("raw weights");
    case PreviewKind::Usual:
        break;
    }
    return PreviewPanel::tr("all");
}

} // namespace

PreviewPanel::PreviewPanel(QWidget* parent)
    : QWidget(parent)
    , mode_(new QComboBox(this))
    , views_(new QStackedWidget(this))
    , steps_(new PreviewGrid(this))
    , strip_(new PreviewGrid(this))
{
    mode_->setObjectName(QStringLiteral("previewMode"));
    mode_->setAccessibleName(tr("What the pictures show"));
    mode_->addItems({tr("Records over steps"), tr("Parts of the conditions")});
    mode_->setToolTip(tr("Records over steps, or pictures generated from parts of the conditions and the same noise"));
    mode_->hide(); // until there is a choice
    auto* const nothing = new StatePanel(this);
    nothing->showEmpty(QStringLiteral("picture"), tr("No pictures"),
                       tr("Preview pictures appear here while a model trains: a row per record, a column per step."));
    strip_->setHeaders(kindName);
    strip_->setAccessibleName(tr("Pictures generated from parts of the conditions"));
    views_->addWidget(nothing);
    views_->addWidget(steps_);
    views_->addWidget(strip_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 0);
    column->setSpacing(4);
    column->addWidget(mode_, 0, Qt::AlignLeft);
    column->addWidget(views_, 1);
    auto* const commands = new Commands(this);
    commands->note(tr("arrows"), tr("in the preview pictures: select the next one, also while one is enlarged"));
    commands->note(tr("Enter"), tr("enlarge the preview picture; Escape closes it"));
    connect(mode_, &QComboBox::currentIndexChanged, this, &PreviewPanel::showMode);
    connect(steps_, &PreviewGrid::pictureChosen, this,
            [this](const QString& record, qint64 step, const QString& caption, qint64 kind) {
                Q_EMIT pictureChosen(record, step, static_cast<PreviewKind>(kind), caption);
            });
    connect(strip_, &PreviewGrid::pictureChosen, this,
            [this](const QString& record, qint64 kind, const QString& caption, qint64 step) {
                Q_EMIT pictureChosen(record, kind < 0 ? kind : step,
                                     static_cast<PreviewKind>(std::max<qint64>(0, kind)), caption);
            });
}

void PreviewPanel::add(const TrainPreview& preview)
{
    if (preview.kind != PreviewKind::Usual && preview.kind != PreviewKind::Raw) {
        addToStrip(preview);
    } else {
        steps_->add(
            {.record = preview.record,
             .group = static_cast<qint64>(preview.kind),
             .label = preview.kind == PreviewKind::Raw ? kindName(static_cast<qint64>(preview.kind)) : QString(),
             .column = preview.step,
             .caption = preview.caption,
             .picture = preview.picture,
             .reference = preview.reference});
        if (preview.kind == PreviewKind::Usual)
            usual_[{preview.record, preview.step}] = preview;
    }
    showMode();
}

void PreviewPanel::addToStrip(const TrainPreview& preview)
{
    const auto put = [this](const TrainPreview& shown) {
        strip_->add({.record = shown.record,
                     .group = shown.step,
                     .label = tr("step %1").arg(shown.step),
                     .column = static_cast<qint64>(shown.kind),
                     .caption = shown.caption,
                     .picture = shown.picture,
                     .reference = shown.reference});
    };
    if (const auto usual = usual_.extract(std::pair(preview.record, preview.step)))
        put(usual.mapped());
    put(preview);
    mode_->show();
}

void PreviewPanel::clear()
{
    steps_->clear();
    strip_->clear();
    usual_.clear();
    mode_->setCurrentIndex(0);
    mode_->hide();
    showMode();
}

void PreviewPanel::chooseNeighbour(int columns, int rows)
{
    auto* const grid = mode_->currentIndex() == 0 ? steps_ : strip_;
    if (grid->moveCurrent(columns, rows))
        grid->enlargeCurrent();
}

void PreviewPanel::showMode()
{
    const auto wanted = mode_->currentIndex() == 0 ? Steps : Strip;
    const auto* const grid = wanted == Steps ? steps_ : strip_;
    views_->setCurrentIndex(grid->isEmpty() ? Nothing : wanted);
}

} // namespace nanodit
