#pragma once

#include <QWidget>

#include <vector>

class QVBoxLayout;

namespace nanodit {

class ImageCanvas;

/// The layers of a canvas, top first: an eye, a swatch, the name with its legend, the opacity.
class LayerList : public QWidget {
    Q_OBJECT

public:
    explicit LayerList(ImageCanvas* canvas, QWidget* parent = nullptr);
    /// Reads the canvas's layers again; those without a name are not listed. What is in hand, a slider that is being
    /// dragged, stays.
    void refresh();

Q_SIGNALS:
    void layerSwitched(const QString& name, bool visible, double opacity);

private:
    class Row;
    Row* rowFor(const QString& name);

    ImageCanvas* canvas_;
    QVBoxLayout* column_;
    std::vector<Row*> rows_; ///< Top first.
};

} // namespace nanodit
