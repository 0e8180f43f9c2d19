#include "app/pages/sample/picture_stage.h"

#include "app/background_queue.h"
#include "app/pages/sample/region_editor.h"
#include "app/wording.h"
#include "widgets/fitted_label.h"
#include "widgets/guidance_anatomy.h"
#include "widgets/guidance_plane_view.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/picture.h"
#include "widgets/picture_comparison.h"
#include "widgets/picture_tiles.h"
#include "widgets/progress_share.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {
constexpr int anatomyHeight = 150;
constexpr qsizetype mostKilobytesInFull = 128 * 1024; ///< Of pictures that are kept to be shown again at once.
} // namespace

PictureStage::PictureStage(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , progress_(new QProgressBar(this))
    , views_(new QStackedWidget(this))
    , canvas_(new ImageCanvas(views_))
    , plane_(new GuidancePlaneView(views_))
    , tiles_(new PictureTiles(views_))
    , comparison_(new PictureComparison(views_))
    , region_(new RegionEditor(session, views_))
    , anatomy_(new GuidanceAnatomy(this))
    , branches_(new QPushButton(tr("Branches"), this))
    , anatomyRow_(new QWidget(this))
    , caption_(new FittedLabel(this))
{
    inFull_.setMaxCost(mostKilobytesInFull);
    progress_->setTextVisible(false);
    progress_->setAccessibleName(tr("Progress of the picture"));
    auto keepsPlace = progress_->sizePolicy();
    keepsPlace.setRetainSizeWhenHidden(true);
    progress_->setSizePolicy(keepsPlace);
    canvas_->setObjectName(QStringLiteral("sampleCanvas"));
    canvas_->setEmptyText(tr("Press Generate; the picture appears here"));
    plane_->setObjectName(QStringLiteral("guidancePlane"));
    tiles_->setObjectName(QStringLiteral("seriesTiles"));
    comparison_->setObjectName(QStringLiteral("comparison"));
    for (QWidget* const view : std::initializer_list<QWidget*>{canvas_, plane_, tiles_, comparison_, region_})
        views_->addWidget(view); // in the order of View
    anatomy_->setObjectName(QStringLiteral("guidanceAnatomy"));
    anatomy_->setFixedHeight(anatomyHeight);
    branches_->setObjectName(QStringLiteral("branchesAlone"));
    branches_->setToolTip(tr("Generate a picture from each branch of guidance alone, with the current settings"));
    auto* const row = new QHBoxLayout(anatomyRow_);
    row->setContentsMargins(0, 0, 16, 0);
    row->addWidget(anatomy_, 1);
    row->addWidget(branches_, 0, Qt::AlignVCenter);
    anatomyRow_->hide();
    caption_->setContentsMargins(16, 4, 16, 6);
    caption_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    setRole(caption_, "small");
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(progress_);
    column->addWidget(views_, 1);
    column->addWidget(anatomyRow_);
    column->addWidget(caption_);
    connect(branches_, &QPushButton::clicked, this, &PictureStage::branchesWanted);
    connect(comparison_, &PictureComparison::closed, this, [this] { showView(View::Picture); });
    connect(region_, &RegionEditor::closed, this, [this] { showView(View::Picture); });
    connect(region_, &RegionEditor::failed, this, &PictureStage::failed);
}

PictureStage::View PictureStage::view() const
{
    return static_cast<View>(views_->currentIndex());
}

void PictureStage::showView(View view)
{
    ++chosen_;
    views_->setCurrentIndex(static_cast<int>(view));
    Q_EMIT viewChanged();
}

void PictureStage::showPicture(const QImage& picture, QSize size)
{
    const QRectF extent(QPointF(0, 0), QSizeF(size));
    shown_ = picture;
    wanted_.clear();
    canvas_->setLayers({std::make_shared<PictureLayer>(QString(), QString(), picture, extent)}, extent);
}

void PictureStage::showFile(const QString& file, const QImage& reduced, QSize size)
{
    if (inFull_.object(file) == nullptr)
        showPicture(reduced, size);
    wanted_ = file;
    showView(View::Picture);
    withFullPictures({file}, [this, file](const std::vector<QImage>& pictures) {
        if (wanted_ == file)
            showPicture(pictures.front(), pictures.front().size());
    });
}

void PictureStage::compare(const std::vector<Compared>& pictures)
{
    QStringList files;
    for (const auto& picture : pictures)
        files << picture.file;
    if (files.size() < 2)
        return;
    withFullPictures(files, [this, pictures, number = ++chosen_](const std::vector<QImage>& images) {
        if (number != chosen_)
            return;
        std::vector<PictureComparison::Picture> compared;
        for (std::size_t i = 0; i < pictures.size(); ++i)
            compared.push_back({.picture = images[i], .label = pictures[i].label});
        comparison_->setPictures(std::move(compared));
        showView(View::Comparison);
    });
}

void PictureStage::withFullPictures(const QStringList& files, std::function<void(const std::vector<QImage>&)> then)
{
    std::vector<QImage> known;
    for (const auto& file : files) {
        const auto* const kept = inFull_.object(file);
        known.push_back(kept != nullptr ? *kept : QImage());
    }
    if (std::ranges::none_of(known, &QImage::isNull))
        return then(known);
    session_.background().ask(
        this,
        [files, known] {
            auto all = known;
            for (std::size_t i = 0; i < all.size(); ++i) {
                if (all[i].isNull())
                    all[i] = qImageFromImage(readImage(files[static_cast<qsizetype>(i)].toStdString()));
            }
            return all;
        },
        [this, files, then = std::move(then)](const std::vector<QImage>& pictures) {
            for (std::size_t i = 0; i < pictures.size(); ++i)
                keepFull(files[static_cast<qsizetype>(i)], pictures[i]);
            then(pictures);
        },
        [this](const Notice& why) { Q_EMIT failed(tr("Could not read the picture"), why); });
}

void PictureStage::keepFull(const QString& file, const QImage& picture)
{
    inFull_.insert(file, new QImage(picture), picture.sizeInBytes() / 1024);
}

void PictureStage::forget(const QString& file)
{
    inFull_.remove(file);
}

void PictureStage::clear()
{
    shown_ = {};
    wanted_.clear();
    canvas_->clear();
    setCaption({});
}

void PictureStage::setCaption(const QString& text, const QString& help)
{
    // Where there is no room for all of it the prompt gives way, and the settings behind it stay.
    const auto settings = text.indexOf(QStringLiteral(" · "));
    QStringList wordings = {text};
    for (const qsizetype kept : {96, 64, 40, 20}) {
        if (settings > kept)
            wordings << text.left(kept).trimmed() + QStringLiteral("…") + text.mid(settings);
    }
    caption_->setWordings(wordings);
    caption_->setToolTip(help.isEmpty() ? QString() : toolTipOf(text + QLatin1Char('\n') + help));
}

void PictureStage::setProgress(const Progress& progress)
{
    showShare(*progress_, progress.done, progress.total);
    const auto numbers = progressText(progress);
    setCaption(numbers.isEmpty() ? stageText(progress) : numbers);
}

void PictureStage::setState(bool ready, bool busy)
{
    progress_->setVisible(busy);
    branches_->setEnabled(ready && !busy);
}

void PictureStage::setAnatomy(const std::vector<GuidanceStep>& guidance, bool visible)
{
    const auto term = [](const std::optional<GuidanceTermSize>& size) -> std::optional<GuidanceAnatomy::Term> {
        if (!size)
            return std::nullopt;
        return GuidanceAnatomy::Term{.length = size->length, .across = size->across, .parallel = size->parallel};
    };
    std::vector<GuidanceAnatomy::Step> steps;
    for (const auto& step : guidance)
        steps.push_back({.t = step.t,
                         .applies = step.applies,
                         .text = term(step.text),
                         .dino = term(step.dino),
                         .zeroScale = step.zeroScale});
    anatomyRow_->setVisible(visible);
    anatomy_->setSteps(std::move(steps));
}

} // namespace nanodit
