#include "widgets/guidance_slider.h"

#include "widgets/picture.h"
#include "widgets/theme.h"

#include <QDoubleSpinBox>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QSignalBlocker>
#include <QSlider>
#include <QStyle>
#include <QStyleOptionSlider>

#include <algorithm>
#include <array>
#include <cmath>

namespace nanodit {

namespace {

constexpr std::array usualValues = {0.0, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0};
constexpr int positions = static_cast<int>(GuidanceSlider::maximum / GuidanceSlider::step + 0.5);

/// The marks below a slider; a click on one sets it.
class Marks : public QWidget {
public:
    Marks(QSlider* slider, QWidget* parent)
        : QWidget(parent)
        , slider_(slider)
    {
        setFont(smallFont(font()));
        setFixedHeight(fontMetrics().height() + 6);
        setCursor(Qt::PointingHandCursor);
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        const auto& colours = themeColours();
        for (const double value : usualValues) {
            const int x = positionOf(value);
            painter.setPen(colours.secondary);
            painter.drawLine(x, 0, x, 3);
            const auto text = QString::number(value);
            const int width = fontMetrics().horizontalAdvance(text);
            painter.drawText(std::clamp(x - width / 2, 0, this->width() - width),
                             height() - fontMetrics().descent() - 1, text);
        }
    }

    void mousePressEvent(QMouseEvent* event) override
    {
        const auto nearest = *std::min_element(usualValues.begin(), usualValues.end(), [&](double a, double b) {
            return std::abs(positionOf(a) - event->pos().x()) < std::abs(positionOf(b) - event->pos().x());
        });
        slider_->setValue(static_cast<int>(std::lround(nearest / GuidanceSlider::step)));
    }

private:
    int positionOf(double value) const
    {
        QStyleOptionSlider option;
        option.initFrom(slider_);
        option.orientation = Qt::Horizontal;
        option.minimum = 0;
        option.maximum = positions;
        const auto* const style = slider_->style();
        const int handle = style->subControlRect(QStyle::CC_Slider, &option, QStyle::SC_SliderHandle, slider_).width();
        const int span = slider_->width() - handle;
        return slider_->x() - x() + handle / 2 +
               QStyle::sliderPositionFromValue(0, positions,
                                               static_cast<int>(std::lround(value / GuidanceSlider::step)), span);
    }

    QSlider* slider_;
};

QString nameOf(Hue hue)
{
    switch (hue) {
    case Hue::Orange:
        return QStringLiteral("orange");
    case Hue::Sky:
        return QStringLiteral("sky");
    case Hue::Purple:
        return QStringLiteral("purple");
    default:
        return {};
    }
}

} // namespace

GuidanceSlider::GuidanceSlider(const QString& name, const QString& help, Hue hue, QWidget* parent)
    : QWidget(parent)
    , hue_(hue)
    , mark_(new QLabel(this))
    , slider_(new QSlider(Qt::Horizontal, this))
    , box_(new QDoubleSpinBox(this))
{
    auto* const title = new QLabel(name, this);
    title->setBuddy(box_);
    mark_->setFixedSize(12, 12);
    slider_->setRange(0, positions);
    slider_->setPageStep(positions / 20);
    slider_->setAccessibleName(name);
    slider_->setMinimumHeight(24);
    slider_->setProperty("hue", nameOf(hue)); // for the style sheet
    box_->setRange(0, highest);
    box_->setSingleStep(step);
    box_->setDecimals(2);
    box_->ensurePolished();
    box_->setFixedWidth(std::max(88, box_->minimumSizeHint().width())); // large fonts need more
    box_->setAccessibleName(name);
    setToolTip(help);
    setFocusProxy(slider_);

    auto* const grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(0);
    grid->addWidget(mark_, 0, 0);
    grid->addWidget(title, 0, 1);
    grid->addWidget(box_, 0, 2);
    grid->addWidget(slider_, 1, 0, 1, 3);
    grid->addWidget(new Marks(slider_, this), 2, 0, 1, 3);
    grid->setColumnStretch(1, 1);

    connect(slider_, &QSlider::valueChanged, this, [this](int position) {
        const QSignalBlocker quiet(box_);
        box_->setValue(position * step);
        Q_EMIT valueChanged(value());
    });
    connect(box_, &QDoubleSpinBox::valueChanged, this, [this](double exact) {
        const QSignalBlocker quiet(slider_);
        slider_->setValue(static_cast<int>(std::lround(exact / step)));
        Q_EMIT valueChanged(exact);
    });
    applyColour();
}

double GuidanceSlider::value() const
{
    return box_->value();
}

void GuidanceSlider::setValue(double value)
{
    box_->setValue(value);
}

void GuidanceSlider::applyColour()
{
    const auto colour = themeColours().hue(hue_);
    auto dot = sharpPixmap(*this, {12, 12});
    QPainter painter(&dot);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawEllipse(QRectF(1, 1, 10, 10));
    painter.end();
    mark_->setPixmap(dot);
}

void GuidanceSlider::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        applyColour();
}

} // namespace nanodit
