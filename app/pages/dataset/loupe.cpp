#include "app/pages/dataset/loupe.h"

#include "app/pages/dataset/feature_colours.h"
#include "app/pages/dataset/picture_pane.h"
#include "app/pages/dataset/record_loader.h"
#include "app/session.h"
#include "widgets/commands.h"
#include "widgets/image_canvas.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSplitter>
#include <QVBoxLayout>

#include <utility>
#include <vector>

namespace nanodit {

namespace {
constexpr QPointF nowhere(-1e9, -1e9);
}

Loupe::Loupe(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , colours_(new FeatureColours(session, this))
    , loader_(new RecordLoader(session, *colours_, this))
    , panes_(new QSplitter(Qt::Horizontal, this))
    , left_(new PicturePane(QStringLiteral("loupe"), this))
    , right_(new PicturePane(QStringLiteral("second"), this))
    , comparison_(makeComparison())
    , readout_(new QLabel(this))
{
    panes_->setHandleWidth(1);
    panes_->setChildrenCollapsible(false);
    addPane(left_);
    addPane(right_);
    right_->hide();
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(panes_, 1);
    column->addWidget(readout_);
    makeReadout();
    connect(loader_, &RecordLoader::changed, this, &Loupe::refresh);
    connect(colours_, &FeatureColours::fittingChanged, this, [this] {
        for (auto* const pane : {left_, right_}) {
            if (pane->view())
                pane->show(pane->view(), colours_->fitting());
        }
    });
    auto* const commands = new Commands(this);
    std::vector<std::pair<QKeySequence, Commands::Act>> each;
    for (std::size_t i = 0; i < lenses.size(); ++i)
        each.emplace_back(Qt::Key_1 + static_cast<int>(i), [this, i] {
            (right_->isVisible() && right_->canvas()->hasFocus() ? right_ : left_)->setLens(lenses[i]);
        });
    commands->add(each, tr("picture, PCA colours, similarity, CLS, norms, reconstruction, error"));
    commands->add(Qt::Key_F, tr("show the whole picture"), [this] { canvas()->fit(); });
    commands->note(tr("+, −, wheel"), tr("zoom the picture; drag moves it"));
    clear();
}

void Loupe::makeReadout()
{
    readout_->setObjectName(QStringLiteral("readout"));
    const auto small = smallFont(readout_->font());
    readout_->setFont(tabularFont(small));
    readout_->setWordWrap(true);
    readout_->setFixedHeight(2 * QFontMetrics(small).lineSpacing() + 12); // whether one line or two: nothing jumps
    readout_->setContentsMargins(12, 6, 12, 6);
    readout_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    setRole(readout_, "secondary");
}

QWidget* Loupe::makeComparison()
{
    auto* const box = new QWidget;
    compare_ = new QPushButton(tr("Compare"), box);
    compare_->setObjectName(QStringLiteral("compare"));
    compare_->setCheckable(true);
    compare_->setToolTip(tr("Two layers side by side"));
    keep_ = new QPushButton(tr("Pin on the right"), box);
    keep_->setObjectName(QStringLiteral("keepRecord"));
    keep_->setCheckable(true);
    keep_->setToolTip(tr("Pin this picture while you browse; similarity is compared with it too"));
    auto* const row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    row->addWidget(compare_);
    row->addWidget(keep_);
    row->addStretch(1);
    connect(compare_, &QPushButton::toggled, this, &Loupe::setComparing);
    connect(keep_, &QPushButton::toggled, this, [this](bool keep) {
        if (keep)
            return keepRecord();
        kept_.reset();
        right_->setTitle({});
        if (const auto* const record = session_.record(QString::fromStdString(chosen_)))
            showRecord(*record);
    });
    return box;
}

void Loupe::addPane(PicturePane* pane)
{
    panes_->addWidget(pane);
    auto* const canvas = pane->canvas();
    auto* const other = (pane == left_ ? right_ : left_);
    connect(canvas, &ImageCanvas::hovered, this, [this, pane](QPointF point) { pointAt(pane, point); });
    connect(canvas, &ImageCanvas::hoverLeft, this, [this, pane] { pointAt(pane, nowhere); });
    connect(canvas, &ImageCanvas::clicked, this, [this, pane](QPointF point) { hold(pane, point); });
    connect(canvas, &ImageCanvas::viewChanged, this, [this, canvas, other] {
        if (linked())
            other->canvas()->showSamePart(*canvas);
    });
    connect(pane, &PicturePane::lensChanged, this, &Loupe::lensChanged);
}

bool Loupe::linked() const
{
    return right_->isVisible() && left_->view() && right_->view() &&
           RecordLayers::extentOf(*left_->view()) == RecordLayers::extentOf(*right_->view());
}

ImageCanvas* Loupe::canvas() const
{
    return left_->canvas();
}

bool Loupe::comparing() const
{
    return compare_->isChecked();
}

bool Loupe::idle() const
{
    return loader_->idle() && !colours_->fitting();
}

void Loupe::clear()
{
    chosen_.clear();
    kept_.reset();
    held_ = false;
    loader_->forget();
    keep_->setChecked(false);
    for (auto* const pane : {left_, right_})
        pane->clear();
    pointAt(left_, nowhere);
}

void Loupe::setComparing(bool comparing)
{
    compare_->setChecked(comparing);
    right_->setVisible(comparing);
    if (!comparing) {
        keep_->setChecked(false);
        unlockUnseen();
        return;
    }
    panes_->setSizes({1000, 1000});
    if (const auto* const record = session_.record(QString::fromStdString(chosen_)))
        showRecord(*record);
}

void Loupe::keepRecord()
{
    if (chosen_.empty())
        return;
    kept_ = chosen_;
    setComparing(true);
    keep_->setChecked(true);
    right_->setTitle(tr("pinned: %1").arg(QString::fromStdString(*kept_)));
}

void Loupe::showRecord(const RecordInfo& record)
{
    if (record.id != chosen_)
        held_ = false;
    chosen_ = record.id;
    if (comparing() && kept_ && *kept_ != chosen_) {
        if (const auto* const kept = session_.record(QString::fromStdString(*kept_)))
            right_->show(loader_->want(*kept), colours_->fitting());
    }
    const auto view = loader_->want(record);
    left_->show(view, colours_->fitting());
    if (comparing() && (!kept_ || *kept_ == chosen_))
        right_->show(view, colours_->fitting());
    wantWhatIsShown();
}

void Loupe::refresh(const std::shared_ptr<const RecordView>& view)
{
    for (auto* const pane : {left_, right_}) {
        if (pane->view() == view)
            pane->show(view, colours_->fitting());
    }
    wantWhatIsShown();
}

void Loupe::wantWhatIsShown()
{
    for (const auto* const pane : {left_, right_}) {
        if (!pane->view() || (pane == right_ && !comparing()))
            continue;
        const auto lens = pane->lens();
        if (lens == Lens::Colours)
            colours_->want();
        if (lens == Lens::Reconstruction || lens == Lens::Error)
            loader_->wantReconstruction(pane->view()->record.id);
    }
}

void Loupe::pointAt(PicturePane* pane, QPointF point)
{
    auto* const other = pane == left_ ? right_ : left_;
    const auto view = pane->view();
    const auto at = view && view->hasPatchGrid ? correspondenceAt(view->grids, point.x(), point.y()) : std::nullopt;
    if (at && view->unit && !held_) {
        const auto direction = view->unit->direction(at->patch);
        if (pane->lens() == Lens::Similarity)
            pane->showSimilarity(direction, false);
        if (comparing() && other->lens() == Lens::Similarity)
            other->showSimilarity(direction, other->view() != view);
    }
    const auto text = pane->pointAt(point);
    if (comparing() && other->view() == view)
        other->pointAt(point);
    if (!text.isEmpty())
        readout_->setText(held_ ? tr("%1 · locked, click to unlock").arg(text) : text);
    else
        readout_->setText(view && view->hasPatchGrid
                              ? tr("Move over the picture to see pixel, patch, latent tokens and box")
                              : QString(QLatin1Char(' ')));
}

bool Loupe::showsSimilarity() const
{
    return left_->lens() == Lens::Similarity || (comparing() && right_->lens() == Lens::Similarity);
}

void Loupe::lensChanged()
{
    unlockUnseen();
    wantWhatIsShown();
}

void Loupe::unlockUnseen()
{
    if (!held_ || showsSimilarity())
        return;
    held_ = false;
    pointAt(left_, nowhere); // the readout still says that it is locked
}

/// Locks or unlocks the similarity that is shown; a lock that nobody sees would stop it later without a reason.
void Loupe::hold(PicturePane* pane, QPointF point)
{
    const auto view = pane->view();
    const bool onPatch =
        view && view->unit && view->hasPatchGrid && correspondenceAt(view->grids, point.x(), point.y());
    if (!held_ && (!onPatch || !showsSimilarity()))
        return;
    held_ = !held_;
    if (held_) { // first show what is held
        held_ = false;
        pointAt(pane, point);
        held_ = true;
    }
    pointAt(pane, point);
}

} // namespace nanodit
