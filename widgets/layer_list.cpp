#include "widgets/layer_list.h"

#include "widgets/icons.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/picture.h"
#include "widgets/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QPainter>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <utility>

namespace nanodit {

namespace {

QPixmap swatch(const QWidget& widget, const CanvasLayer& layer)
{
    auto drawn = sharpPixmap(widget, {12, 12});
    QPainter painter(&drawn);
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    painter.setPen(QPen(layer.hue() ? colours.hue(*layer.hue()) : colours.secondary, 2));
    painter.drawRoundedRect(QRectF(1.5, 1.5, 9, 9), 2, 2);
    return drawn;
}

} // namespace

/// One layer; it can be another one of the same name later.
class LayerList::Row : public QWidget {
public:
    Row(const QString& name, LayerList* list)
        : QWidget(list)
        , list_(list)
        , eye_(new QToolButton(this))
        , mark_(new QLabel(this))
        , name_(new QLabel(name, this))
        , legend_(new QLabel(this))
        , opacity_(new QSlider(Qt::Horizontal, this))
    {
        eye_->setProperty("flat", true);
        eye_->setCheckable(true);
        eye_->setIconSize({16, 16});
        eye_->setAccessibleName(LayerList::tr("Show layer %1").arg(name));
        eye_->setToolTip(LayerList::tr("Show or hide %1").arg(name));
        legend_->setWordWrap(true);
        setRole(legend_, "small");
        opacity_->setRange(0, 100);
        opacity_->setFixedWidth(72);
        opacity_->setAccessibleName(LayerList::tr("Opacity of layer %1, per cent").arg(name));
        auto* const grid = new QGridLayout(this);
        grid->setContentsMargins(0, 0, 0, 0);
        grid->setHorizontalSpacing(8);
        grid->setVerticalSpacing(0);
        grid->addWidget(eye_, 0, 0);
        grid->addWidget(mark_, 0, 1);
        grid->addWidget(name_, 0, 2);
        grid->addWidget(opacity_, 0, 3);
        grid->addWidget(legend_, 1, 2, 1, 2);
        grid->setColumnStretch(2, 1);
        connect(eye_, &QToolButton::toggled, this, &Row::apply);
        connect(opacity_, &QSlider::valueChanged, this, &Row::apply);
    }

    QString name() const { return name_->text(); }

    void bind(std::shared_ptr<CanvasLayer> layer)
    {
        layer_ = std::move(layer);
        const QSignalBlocker quietEye(eye_), quietOpacity(opacity_);
        eye_->setChecked(layer_->visible());
        opacity_->setValue(static_cast<int>(std::lround(layer_->opacity() * 100)));
        mark_->setPixmap(swatch(*this, *layer_));
        legend_->setText(layer_->legend());
        showSwitches();
    }

private:
    void apply()
    {
        layer_->setVisible(eye_->isChecked());
        layer_->setOpacity(opacity_->value() / 100.0);
        showSwitches();
        list_->canvas_->update();
        Q_EMIT list_->layerSwitched(layer_->name(), layer_->visible(), layer_->opacity());
    }
    void showSwitches()
    {
        eye_->setIcon(icon(eye_->isChecked() ? QStringLiteral("eye") : QStringLiteral("eye-off")));
        opacity_->setEnabled(eye_->isChecked());
        opacity_->setToolTip(LayerList::tr("Opacity %1 %").arg(opacity_->value()));
        setRole(name_, eye_->isChecked() ? "" : "secondary");
    }

    LayerList* list_;
    std::shared_ptr<CanvasLayer> layer_;
    QToolButton* eye_;
    QLabel *mark_, *name_, *legend_;
    QSlider* opacity_;
};

LayerList::LayerList(ImageCanvas* canvas, QWidget* parent)
    : QWidget(parent)
    , canvas_(canvas)
    , column_(new QVBoxLayout(this))
{
    column_->setContentsMargins(0, 0, 0, 0);
    column_->setSpacing(8);
}

LayerList::Row* LayerList::rowFor(const QString& name)
{
    const auto found = std::ranges::find_if(rows_, [&](const Row* row) { return row->name() == name; });
    if (found == rows_.end())
        return new Row(name, this);
    auto* const row = *found;
    rows_.erase(found);
    return row;
}

void LayerList::refresh()
{
    std::vector<Row*> rows;
    const auto& layers = canvas_->layers();
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        if ((*layer)->name().isEmpty())
            continue;
        auto* const row = rowFor((*layer)->name());
        row->bind(*layer);
        const auto place = static_cast<int>(rows.size());
        if (column_->indexOf(row) != place) {
            column_->removeWidget(row);
            column_->insertWidget(place, row);
        }
        rows.push_back(row);
    }
    for (auto* const row : rows_) { // their layers are gone
        column_->removeWidget(row);
        row->hide();
        row->deleteLater();
    }
    rows_ = std::move(rows);
}

} // namespace nanodit
