#pragma once

#include <QWidget>

class QVBoxLayout;

namespace nanodit {

class ImageCanvas;

/// The layers of a canvas, top first: an eye, a swatch, the name with its legend, the opacity.
class LayerList : public QWidget {
    Q_OBJECT

public:
    explicit LayerList(ImageCanvas* canvas, QWidget* parent = nullptr);
    /// Reads the canvas's layers again; those without a name are not listed.
    void refresh();

Q_SIGNALS:
    void layerSwitched(const QString& name, bool visible, double opacity);

private:
    QWidget* makeRow(std::size_t index);

    ImageCanvas* canvas_;
    QVBoxLayout* rows_;
};

} // namespace nanodit
