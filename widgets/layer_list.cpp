#include "widgets/layer_list.h"

#include "widgets/icons.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QPainter>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <cmath>

namespace nanodit {

namespace {

QPixmap swatch(const CanvasLayer& layer)
{
    QPixmap drawn(12, 12);
    drawn.fill(Qt::transparent);
    QPainter painter(&drawn);
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    painter.setPen(QPen(layer.hue() ? colours.hue(*layer.hue()) : colours.secondary, 2));
    painter.drawRoundedRect(QRectF(1.5, 1.5, 9, 9), 2, 2);
    return drawn;
}

} // namespace

LayerList::LayerList(ImageCanvas* canvas, QWidget* parent)
    : QWidget(parent)
    , canvas_(canvas)
    , rows_(new QVBoxLayout(this))
{
    rows_->setContentsMargins(0, 0, 0, 0);
    rows_->setSpacing(8);
}

void LayerList::refresh()
{
    while (auto* const item = rows_->takeAt(0)) {
        if (item->widget() != nullptr)
            item->widget()->deleteLater();
        delete item;
    }
    for (std::size_t i = canvas_->layers().size(); i-- > 0;) {
        if (!canvas_->layers()[i]->name().isEmpty())
            rows_->addWidget(makeRow(i));
    }
}

QWidget* LayerList::makeRow(std::size_t index)
{
    const auto layer = canvas_->layers()[index];
    auto* const row = new QWidget(this);
    auto* const grid = new QGridLayout(row);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(0);

    auto* const eye = new QToolButton(row);
    eye->setProperty("flat", true);
    eye->setCheckable(true);
    eye->setChecked(layer->visible());
    eye->setIconSize({16, 16});
    eye->setIcon(icon(layer->visible() ? QStringLiteral("eye") : QStringLiteral("eye-off")));
    eye->setAccessibleName(tr("Show layer %1").arg(layer->name()));
    eye->setToolTip(tr("Show or hide %1").arg(layer->name()));

    auto* const mark = new QLabel(row);
    mark->setPixmap(swatch(*layer));
    auto* const name = new QLabel(layer->name(), row);
    auto* const legend = new QLabel(layer->legend(), row);
    legend->setWordWrap(true);
    setRole(legend, "small");

    auto* const opacity = new QSlider(Qt::Horizontal, row);
    opacity->setRange(0, 100);
    opacity->setValue(static_cast<int>(std::lround(layer->opacity() * 100)));
    opacity->setFixedWidth(72);
    opacity->setEnabled(layer->visible());
    opacity->setToolTip(tr("Opacity, %"));
    opacity->setAccessibleName(tr("Opacity of layer %1, per cent").arg(layer->name()));

    grid->addWidget(eye, 0, 0);
    grid->addWidget(mark, 0, 1);
    grid->addWidget(name, 0, 2);
    grid->addWidget(opacity, 0, 3);
    grid->addWidget(legend, 1, 2, 1, 2);
    grid->setColumnStretch(2, 1);

    const auto apply = [this, layer, eye, opacity] {
        layer->setVisible(eye->isChecked());
        layer->setOpacity(opacity->value() / 100.0);
        eye->setIcon(icon(eye->isChecked() ? QStringLiteral("eye") : QStringLiteral("eye-off")));
        opacity->setEnabled(eye->isChecked());
        canvas_->update();
        Q_EMIT layerSwitched(layer->name(), layer->visible(), layer->opacity());
    };
    connect(eye, &QToolButton::toggled, this, apply);
    connect(opacity, &QSlider::valueChanged, this, apply);
    return row;
}

} // namespace nanodit
