#include "app/pages/validate/validation_loupe.h"

#include "widgets/accessible_role.h"
#include "widgets/cell_layers.h"
#include "widgets/commands.h"
#include "widgets/factories.h"
#include "widgets/fitted_label.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

#include <utility>

namespace nanodit {

namespace {
constexpr double heatOpacity = 0.8;
constexpr QPointF nowhere(-1, -1);
} // namespace

ValidationLoupe::ValidationLoupe(QWidget* parent)
    : QWidget(parent)
    , place_(new QLabel(this))
    , caption_(new FittedLabel(this))
    , facts_(new FittedLabel(this))
    , readout_(new FittedLabel(this))
    , overlay_(new QComboBox(this))
{
    setAccessibleRole(this, QAccessible::Canvas);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("One picture of the validation"));
    setRole(facts_, "small");
    setRole(readout_, "small");
    readout_->setObjectName(QStringLiteral("loupeReadout"));
    readout_->setFont(tabularFont(readout_->font()));
    for (auto* const label : {caption_, facts_, readout_})
        label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 4);
    column->setSpacing(4);
    column->addLayout(makeHead());
    column->addSpacing(4);
    column->addWidget(caption_);
    column->addWidget(facts_);
    column->addSpacing(4);
    column->addLayout(makePanes(), 1);
    column->addWidget(readout_);

    auto* const commands = new Commands(this);
    commands->add(Qt::Key_P, tr("enlarged: patches, difference by patch, none"),
                  [this] { overlay_->setCurrentIndex((overlay_->currentIndex() + 1) % overlay_->count()); });
    commands->add(Qt::Key_F, tr("enlarged: show the whole picture"), [this] { canvases_[0]->fit(); });
    commands->add(Qt::Key_Escape, tr("back to the pictures"), [this] { Q_EMIT closed(); });
    connect(&late_, &LateTimer::timeout, this, [this] {
        forgetPictures();
        for (auto* const canvas : canvases_)
            canvas->setEmptyText(tr("Reading the picture…"));
    });
    pointAt(nowhere);
}

QLayout* ValidationLoupe::makeHead()
{
    auto* const back =
        makeButton(tr("All pictures"), QStringLiteral("chevron-left"), tr("Back to the list (Esc)"), false, this);
    back->setObjectName(QStringLiteral("loupeBack"));
    auto* const attention =
        makeButton(tr("Attention"), QStringLiteral("eye"), tr("Inspect the model on this record"), false, this);
    attention->setObjectName(QStringLiteral("loupeAttention"));
    auto* const sample =
        makeButton(tr("Sample"), QStringLiteral("sample"), tr("Open these settings on the Sample page"), false, this);
    sample->setObjectName(QStringLiteral("loupeSample"));
    overlay_->setObjectName(QStringLiteral("loupeOverlay"));
    overlay_->setAccessibleName(tr("Shown over the pictures"));
    overlay_->addItems({tr("Pictures alone"), tr("Patches"), tr("Difference by patch")});
    overlay_->setToolTip(tr("What is shown over the pictures (P for the next)"));
    overlay_->setCurrentIndex(static_cast<int>(Overlay::Patches));
    setRole(place_, "secondary");
    auto* const before = makeFlatButton(QStringLiteral("chevron-left"), tr("Previous picture (Left)"), this);
    auto* const after = makeFlatButton(QStringLiteral("chevron-right"), tr("Next picture (Right)"), this);
    auto* const head = new QHBoxLayout;
    head->setContentsMargins(0, 0, 0, 0);
    head->setSpacing(8);
    head->addWidget(back);
    head->addWidget(before);
    head->addWidget(place_);
    head->addWidget(after);
    head->addStretch(1);
    head->addWidget(overlay_);
    head->addWidget(attention);
    head->addWidget(sample);

    connect(back, &QPushButton::clicked, this, &ValidationLoupe::closed);
    connect(before, &QToolButton::clicked, this, [this] { Q_EMIT stepped(-1); });
    connect(after, &QToolButton::clicked, this, [this] { Q_EMIT stepped(1); });
    connect(attention, &QPushButton::clicked, this, &ValidationLoupe::attentionWanted);
    connect(sample, &QPushButton::clicked, this, &ValidationLoupe::sampleWanted);
    connect(overlay_, &QComboBox::currentIndexChanged, this, &ValidationLoupe::layOver);
    return head;
}

QLayout* ValidationLoupe::makePanes()
{
    auto* const row = new QHBoxLayout;
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    for (std::size_t i = 0; i < canvases_.size(); ++i) {
        panes_[i] = new QWidget(this);
        titles_[i] = new QLabel(panes_[i]);
        setRole(titles_[i], "small");
        titles_[i]->setTextFormat(Qt::PlainText); // names of runs
        canvases_[i] = new ImageCanvas(panes_[i]);
        canvases_[i]->setObjectName(QStringLiteral("loupeCanvas%1").arg(i));
        canvases_[i]->setFocusPolicy(Qt::NoFocus); // arrows step from picture to picture
        auto* const column = new QVBoxLayout(panes_[i]);
        column->setContentsMargins(0, 0, 0, 0);
        column->setSpacing(4);
        column->addWidget(titles_[i]);
        column->addWidget(canvases_[i], 1);
        row->addWidget(panes_[i], 1);
        connect(canvases_[i], &ImageCanvas::hovered, this, &ValidationLoupe::pointAt);
        connect(canvases_[i], &ImageCanvas::hoverLeft, this, [this] { pointAt(nowhere); });
        connect(canvases_[i], &ImageCanvas::viewChanged, this, [this, i] {
            for (auto* const other : canvases_) {
                if (other != canvases_[i]) {
                    const QSignalBlocker quiet(other);
                    other->showSamePart(*canvases_[i]);
                }
            }
        });
    }
    return row;
}

void ValidationLoupe::setRow(const ValidationRow& row, const QString& place, const std::array<QString, 3>& titles)
{
    place_->setTextFormat(Qt::PlainText);
    place_->setText(place);
    caption_->setTextFormat(Qt::PlainText);
    caption_->setText(row.caption);
    caption_->setToolTip(toolTipOf(row.caption));
    facts_->setText(QStringList{row.record, row.facts, row.value}.join(QStringLiteral(" \u00b7 ")));
    for (std::size_t i = 0; i < titles.size(); ++i) {
        titles_[i]->setText(titles[i]);
        canvases_[i]->setAccessibleName(titles[i]);
    }
    panes_[2]->setVisible(!row.third().empty());
    reading_ = true;
    if (!isVisible())
        forgetPictures();
    late_.start();
}

/// The view stays, for pictures of the same size.
void ValidationLoupe::forgetPictures()
{
    for (std::size_t i = 0; i < canvases_.size(); ++i) {
        canvases_[i]->setEmptyText({});
        if (!pictures_[i].isNull())
            canvases_[i]->setLayers({}, QRectF(QPointF(0, 0), QSizeF(pictures_[i].size())));
        outlines_[i].reset();
    }
    pictures_ = {};
    difference_.clear();
    hasGrid_ = false;
    pointAt(pointed_);
}

void ValidationLoupe::setPictures(const std::array<QImage, 3>& pictures, std::int64_t patchSize)
{
    late_.stop();
    reading_ = false;
    pictures_ = pictures;
    const ImageSize size{.width = pictures[1].width(), .height = pictures[1].height()};
    hasGrid_ = patchSize > 0 && size.width > 0;
    if (hasGrid_) {
        grids_ = gridPair(size, patchSize);
        difference_ = differenceByCell(pictures[0], pictures[1], grids_.patches);
    }
    layOver();
}

void ValidationLoupe::layOver()
{
    if (reading_)
        return;
    const auto overlay = static_cast<Overlay>(overlay_->currentIndex());
    for (std::size_t i = 0; i < canvases_.size(); ++i) {
        if (pictures_[i].isNull()) {
            canvases_[i]->clear();
            canvases_[i]->setEmptyText(tr("This picture cannot be read"));
            continue;
        }
        const QRectF extent(QPointF(0, 0), QSizeF(pictures_[i].size()));
        std::vector<std::shared_ptr<CanvasLayer>> layers;
        layers.push_back(std::make_shared<PictureLayer>(QString(), QString(), pictures_[i], extent));
        if (hasGrid_ && overlay == Overlay::Patches) {
            layers.push_back(std::make_shared<GridLayer>(tr("Patches"), QString(), meaning::patches, grids_.bucket,
                                                         grids_.patches, GridLayer::Line::Solid));
            layers.back()->setOpacity(0.5);
        }
        if (hasGrid_ && overlay == Overlay::Difference && i == 1 && !difference_.empty()) {
            auto heat = std::make_shared<HeatLayer>(tr("Difference"), QString(), grids_.patches, extent);
            heat->setValues(difference_, {.low = 0,
                                          .high = largestShownDifference,
                                          .quantity = tr("difference (levels of 255)"),
                                          .decimals = 0,
                                          .lowIsBelow = false,
                                          .highIsAbove = true});
            heat->setOpacity(heatOpacity);
            layers.push_back(std::move(heat));
        }
        outlines_[i] = std::make_shared<OutlineLayer>();
        layers.push_back(outlines_[i]);
        canvases_[i]->setLayers(std::move(layers), extent);
    }
    pointAt(pointed_); // the mouse may rest while keys bring other pictures
}

void ValidationLoupe::pointAt(QPointF point)
{
    pointed_ = point;
    const auto at = hasGrid_ ? correspondenceAt(grids_, point.x(), point.y()) : std::nullopt;
    for (std::size_t i = 0; i < canvases_.size(); ++i) {
        if (!outlines_[i])
            continue;
        if (at)
            outlines_[i]->setOutlines({{rectOf(at->box), meaning::patches}});
        else
            outlines_[i]->setOutlines({});
        canvases_[i]->update();
    }
    if (!at) {
        readout_->setText(tr("Move the mouse over a picture: its patch is outlined in all of them"));
        return;
    }
    auto text = describe(*at);
    const auto cell = static_cast<std::size_t>(at->patch.row * grids_.patches.cols + at->patch.col);
    if (cell < difference_.size())
        text += tr(" \u00b7 differs by %1 levels of 255").arg(static_cast<double>(difference_[cell]), 0, 'f', 1);
    readout_->setText(text);
}

void ValidationLoupe::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Up:
        Q_EMIT stepped(-1);
        break;
    case Qt::Key_Right:
    case Qt::Key_Down:
        Q_EMIT stepped(1);
        break;
    default:
        QWidget::keyPressEvent(event);
    }
}

} // namespace nanodit
