#pragma once

#include "core/workbench.h"
#include "widgets/grid_correspondence.h"

#include <QImage>
#include <QWidget>

#include <map>
#include <memory>
#include <optional>

class QLabel;

namespace nanodit {

class ImageCanvas;
class LayerList;
class OutlineLayer;
class Session;

/// One record large, with everything that is known of its geometry: the original and the crop that its bucket takes of
/// it, the DINO patches, the latent tokens, and what a 224-pixel centre crop would have seen. Names what lies under the
/// mouse.
class Loupe : public QWidget {
    Q_OBJECT

public:
    explicit Loupe(Session& session, QWidget* parent = nullptr);
    /// Reads its pictures in the background.
    void showRecord(const RecordInfo& record);
    void clear();
    LayerList* layerList() const { return layerList_; }
    ImageCanvas* canvas() const { return canvas_; }
    /// What the line under the canvas says of a point of the bucket image, as when the mouse is there.
    void pointAt(QPointF picturePoint);

private:
    struct Pictures {
        QImage original, bucket;
    };
    void showPictures(const RecordInfo& record, const Pictures& pictures);

    Session& session_;
    ImageCanvas* canvas_;
    LayerList* layerList_;
    QLabel* readout_;
    std::shared_ptr<OutlineLayer> outlines_;
    std::optional<GridPair> grids_;
    std::string wanted_; ///< The record whose pictures are awaited or shown.
    struct Switch {
        bool visible;
        double opacity;
    };
    std::map<QString, Switch> switches_; ///< By layer, kept from record to record.
};

} // namespace nanodit
