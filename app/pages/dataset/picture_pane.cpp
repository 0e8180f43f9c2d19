#include "app/pages/dataset/picture_pane.h"

#include "widgets/cell_layers.h"
#include "widgets/fitted_label.h"
#include "widgets/image_canvas.h"
#include "widgets/layer_list.h"
#include "widgets/layers.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>

namespace nanodit {

namespace {
constexpr int paneMargin = 12, paneSpacing = 8;
} // namespace

PicturePane::PicturePane(const QString& name, QWidget* parent)
    : QWidget(parent)
    , lensChoice_(new QComboBox(this))
    , title_(new QLabel(this))
    , note_(new FittedLabel(this))
    , canvas_(new ImageCanvas(this))
    , list_(new LayerList(canvas_))
{
    setObjectName(name);
    setMinimumWidth(176);
    lensChoice_->setObjectName(name + QStringLiteral("Lens"));
    lensChoice_->setAccessibleName(tr("What is shown"));
    lensChoice_->setToolTip(tr("What is shown over the picture (keys 1 to 7)"));
    for (const auto lens : lenses)
        lensChoice_->addItem(lensName(lens));
    title_->hide();
    title_->setTextFormat(Qt::PlainText); // the name of a record
    setRole(note_, "secondary");
    note_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    canvas_->setObjectName(name + QStringLiteral("Canvas"));

    auto* const head = new QHBoxLayout;
    head->setContentsMargins(paneMargin, 8, paneMargin, 8);
    head->setSpacing(paneSpacing);
    head->addWidget(lensChoice_);
    head->addWidget(title_);
    head->addWidget(note_, 1);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(head);
    column->addWidget(canvas_, 1);

    connect(lensChoice_, &QComboBox::currentIndexChanged, this,
            [this](int index) { setLens(lenses[static_cast<std::size_t>(index)]); });
    connect(&late_, &LateTimer::timeout, this, [this] {
        canvas_->setLayers({}, extent_);
        canvas_->setEmptyText(tr("Reading the picture…"));
        list_->refresh();
    });
    connect(list_, &LayerList::layerSwitched, this, [this](const QString& layer, bool visible, double opacity) {
        layers_.keepSwitch(layer, visible, opacity);
    });
}

void PicturePane::show(const std::shared_ptr<const RecordView>& view, bool fitting)
{
    const bool another = view != view_;
    view_ = view;
    fitting_ = fitting;
    if (!view->pictureProblem.isEmpty())
        return clear(view->pictureProblem);
    tellObstacle();
    if (view->bucket.isNull()) { // the picture before stays unless this one is late
        if (another)
            late_.start();
        return;
    }
    late_.stop();
    extent_ = RecordLayers::extentOf(*view);
    canvas_->setLayers(layers_.make(*view), extent_);
    list_->refresh();
    tellObstacle();
}

void PicturePane::clear(const QString& why)
{
    late_.stop();
    view_.reset();
    canvas_->clear();
    canvas_->setEmptyText(why.isEmpty() ? tr("Select a picture on the left") : why);
    list_->refresh();
    note_->clear();
}

void PicturePane::setTitle(const QString& title)
{
    whole_ = title;
    title_->setToolTip(toolTipOf(title));
    title_->setAccessibleName(title);
    title_->setVisible(!title.isEmpty());
    fitTitle();
}

void PicturePane::fitTitle()
{
    const int room = width() - lensChoice_->width() - 2 * paneMargin - paneSpacing;
    title_->setText(title_->fontMetrics().elidedText(whole_, Qt::ElideMiddle, std::max(0, room)));
}

void PicturePane::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    fitTitle();
}

void PicturePane::setLens(Lens lens)
{
    const QSignalBlocker quiet(lensChoice_);
    lensChoice_->setCurrentIndex(static_cast<int>(std::find(lenses.begin(), lenses.end(), lens) - lenses.begin()));
    layers_.setLens(lens);
    list_->refresh();
    canvas_->update();
    tellObstacle();
    Q_EMIT lensChanged();
}

bool PicturePane::switchLayer(const QString& name, double opacity)
{
    bool found = false;
    for (const auto& layer : canvas_->layers()) {
        if (layer->name() != name)
            continue;
        found = true;
        layer->setVisible(opacity > 0);
        if (opacity > 0)
            layer->setOpacity(opacity);
        layers_.keepSwitch(name, layer->visible(), layer->opacity());
    }
    list_->refresh();
    canvas_->update();
    return found;
}

void PicturePane::tellObstacle()
{
    const auto note = view_ ? layers_.obstacle(*view_, fitting_) : QString();
    note_->setText(note);
    note_->setToolTip(toolTipOf(note));
}

void PicturePane::showSimilarity(std::span<const float> direction, bool markBest)
{
    if (!view_ || !view_->unit || static_cast<std::int64_t>(direction.size()) != view_->unit->width())
        return;
    layers_.showSimilarity(*view_, direction);
    if (markBest) {
        const auto best = cellOfLargest(view_->unit->cosines(direction));
        layers_.outlines().setOutlines(
            {{rectOf(cellBox(view_->grids.bucket, view_->grids.patches, best)), Hue::Orange}});
    }
    canvas_->update();
}

QString PicturePane::pointAt(QPointF point)
{
    canvas_->update();
    const auto at = view_ && view_->hasPatchGrid ? correspondenceAt(view_->grids, point.x(), point.y()) : std::nullopt;
    if (!at) {
        layers_.outlines().setOutlines({});
        return {};
    }
    const auto& [first, last] = at->latentTokens;
    const auto& grids = view_->grids;
    const auto tokens = rectOf(cellBox(grids.bucket, grids.latentTokens, first))
                            .united(rectOf(cellBox(grids.bucket, grids.latentTokens, last)));
    layers_.outlines().setOutlines({{tokens, meaning::latentTokens, 3}, {rectOf(at->box), meaning::patches}});
    const auto value = layers_.valueAt(point);
    return value.isEmpty() ? describe(*at) : describe(*at) + QStringLiteral(" · ") + value;
}

} // namespace nanodit
