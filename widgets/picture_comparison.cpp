#include "widgets/picture_comparison.h"

#include "widgets/factories.h"
#include "widgets/fitted_label.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/picture_difference.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSlider>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <chrono>

namespace nanodit {

using namespace std::chrono_literals;

namespace {
constexpr auto blinkInterval = 600ms;
constexpr int wipeSteps = 1000;
} // namespace

/// The first picture left of a line, the second right of it.
class WipeLayer : public CanvasLayer {
public:
    WipeLayer(const QImage& left, const QImage& right, const QRectF& box)
        : CanvasLayer({}, {})
        , left_({}, {}, left, box)
        , right_({}, {}, right, box)
        , box_(box)
    {
    }
    void setShare(double share) { share_ = share; }
    void paint(QPainter& painter, const CanvasTransform& transform) const override
    {
        right_.paint(painter, transform);
        auto part = transform.viewFromPicture(box_);
        part.setWidth(part.width() * share_);
        painter.save();
        painter.setClipRect(part);
        left_.paint(painter, transform);
        painter.restore();
        const QLineF line(part.topRight(), part.bottomRight()); // light on dark, so that it shows over any picture
        painter.setPen(QPen(QColor(0, 0, 0, 160), 3));
        painter.drawLine(line);
        painter.setPen(QPen(Qt::white, 1));
        painter.drawLine(line);
    }

private:
    PictureLayer left_, right_;
    QRectF box_;
    double share_ = 0.5;
};

/// A heat map with its colour bar.
class DifferenceLayer : public PictureLayer {
public:
    DifferenceLayer(const PictureDifference& difference, const QRectF& box)
        : PictureLayer({}, {}, difference.heat, box)
        , largest_(difference.largest)
    {
    }
    bool mutesColours() const override { return true; }
    std::optional<HeatScale> scale() const override
    {
        return HeatScale{
            .low = 0, .high = largest_, .quantity = QObject::tr("difference, levels of 255"), .decimals = 1};
    }

private:
    double largest_;
};

PictureComparison::PictureComparison(QWidget* parent)
    : QWidget(parent)
    , modes_(new QButtonGroup(this))
    , wipe_(new QSlider(Qt::Horizontal, this))
    , views_(new QStackedWidget(this))
    , side_(new QWidget(views_))
    , sideRow_(new QHBoxLayout(side_))
    , canvas_(new ImageCanvas(views_))
    , readout_(new FittedLabel(this))
{
    sideRow_->setContentsMargins(0, 0, 0, 0);
    sideRow_->setSpacing(1);
    views_->addWidget(side_);
    views_->addWidget(canvas_);
    canvas_->setObjectName(QStringLiteral("comparedCanvas"));
    readout_->setObjectName(QStringLiteral("comparisonReadout"));
    readout_->setTextFormat(Qt::PlainText);
    readout_->setContentsMargins(16, 4, 16, 6);
    readout_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    setRole(readout_, "small");
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeBar());
    column->addWidget(views_, 1);
    column->addWidget(readout_);
    blinking_.setInterval(blinkInterval);
    connect(&blinking_, &QTimer::timeout, this, &PictureComparison::blink);
}

QWidget* PictureComparison::makeBar()
{
    auto* const bar = new QWidget(this);
    auto* const row = new QHBoxLayout(bar);
    row->setContentsMargins(16, 8, 8, 8);
    row->setSpacing(4);
    const QStringList names = {tr("Side by side"), tr("Wipe"), tr("Blink"), tr("Difference")};
    for (int i = 0; i < names.size(); ++i) {
        auto* const button = makeButton(names[i], {}, {}, false, bar);
        button->setCheckable(true);
        button->setObjectName(QStringLiteral("comparison%1").arg(i));
        modes_->addButton(button, i);
        row->addWidget(button);
    }
    modes_->button(0)->setChecked(true);
    connect(modes_, &QButtonGroup::idClicked, this, [this](int id) { setMode(static_cast<Mode>(id)); });
    wipe_->setRange(0, wipeSteps);
    wipe_->setValue(wipeSteps / 2);
    wipe_->setObjectName(QStringLiteral("wipe"));
    wipe_->setAccessibleName(tr("Where the second picture begins"));
    connect(wipe_, &QSlider::valueChanged, this, [this](int value) {
        if (!wipeLayer_)
            return;
        wipeLayer_->setShare(static_cast<double>(value) / wipeSteps);
        canvas_->update();
    });
    row->addSpacing(8);
    row->addWidget(wipe_, 1);
    row->addStretch(1);
    auto* const close = makeFlatButton(QStringLiteral("clear"), tr("Close the comparison (Esc)"), bar);
    close->setObjectName(QStringLiteral("closeComparison"));
    connect(close, &QToolButton::clicked, this, &PictureComparison::closed);
    row->addWidget(close);
    return bar;
}

void PictureComparison::setPictures(std::vector<Picture> pictures)
{
    pictures_ = std::move(pictures);
    blinked_ = 0;
    showSideBySide();
    showMode();
}

void PictureComparison::setMode(Mode mode)
{
    mode_ = mode;
    modes_->button(static_cast<int>(mode))->setChecked(true);
    showMode();
}

QString PictureComparison::readout() const
{
    return readout_->text();
}

void PictureComparison::showSideBySide()
{
    while (auto* const item = sideRow_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    sideCanvases_.clear();
    for (const auto& [picture, label] : pictures_) {
        auto* const one = new QWidget(side_);
        auto* const canvas = new ImageCanvas(one);
        canvas->setAccessibleName(label);
        const QRectF extent({0, 0}, QSizeF(picture.size()));
        canvas->setLayers({std::make_shared<PictureLayer>(QString(), QString(), picture, extent)}, extent);
        auto* const name = new FittedLabel(label, one);
        name->setAlignment(Qt::AlignCenter);
        name->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
        name->setToolTip(toolTipOf(label));
        setRole(name, "small");
        auto* const column = new QVBoxLayout(one);
        column->setContentsMargins(0, 0, 0, 0);
        column->setSpacing(4);
        column->addWidget(canvas, 1);
        column->addWidget(name);
        sideRow_->addWidget(one, 1);
        sideCanvases_.push_back(canvas);
    }
    for (auto* const moved : sideCanvases_) {
        connect(moved, &ImageCanvas::viewChanged, this, [this, moved] {
            for (auto* const other : sideCanvases_) {
                if (other != moved)
                    other->showSamePart(*moved);
            }
        });
    }
}

void PictureComparison::showMode()
{
    wipe_->setVisible(mode_ == Mode::Wipe);
    blinking_.stop();
    wipeLayer_.reset();
    views_->setCurrentWidget(mode_ == Mode::SideBySide ? side_ : static_cast<QWidget*>(canvas_));
    if (pictures_.size() < 2)
        return readout_->clear();
    const auto& [a, nameOfA] = pictures_[0];
    const auto& [b, nameOfB] = pictures_[1];
    const QRectF extent({0, 0}, QSizeF(a.size()));
    switch (mode_) {
    case Mode::SideBySide:
        readout_->setText(tr("%1 pictures; the wheel zooms all of them").arg(pictures_.size()));
        break;
    case Mode::Wipe:
        wipeLayer_ = std::make_shared<WipeLayer>(a, b, extent);
        wipeLayer_->setShare(static_cast<double>(wipe_->value()) / wipeSteps);
        canvas_->setLayers({wipeLayer_}, extent);
        readout_->setText(tr("left: %1 · right: %2").arg(nameOfA, nameOfB));
        break;
    case Mode::Blink:
        blinked_ = static_cast<int>(pictures_.size()) - 1;
        blink();
        if (isVisible())
            blinking_.start();
        break;
    case Mode::Difference: {
        const auto difference = differenceOf(a, b);
        canvas_->setLayers({std::make_shared<DifferenceLayer>(difference, extent)}, extent);
        auto text = difference.largest == 0 ? tr("identical")
                                            : tr("mean difference %1, largest %2 of 255 levels")
                                                  .arg(numberText(difference.mean), numberText(difference.largest));
        if (difference.resized)
            text += tr("; the second was resized to match the first");
        readout_->setText(tr("%1: %2 · %3").arg(text, nameOfA, nameOfB));
        break;
    }
    }
}

void PictureComparison::blink()
{
    blinked_ = (blinked_ + 1) % static_cast<int>(pictures_.size());
    const auto& [picture, label] = pictures_[static_cast<std::size_t>(blinked_)];
    const QRectF extent({0, 0}, QSizeF(pictures_[0].picture.size()));
    canvas_->setLayers({std::make_shared<PictureLayer>(QString(), QString(), picture, extent)}, extent);
    readout_->setText(label);
}

void PictureComparison::hideEvent(QHideEvent*)
{
    blinking_.stop();
}

void PictureComparison::showEvent(QShowEvent*)
{
    if (mode_ == Mode::Blink && pictures_.size() > 1)
        blinking_.start();
}

} // namespace nanodit
