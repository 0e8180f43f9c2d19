#pragma once

#include "app/pages/dataset/record_layers.h"
#include "widgets/late_timer.h"

#include <QRectF>
#include <QWidget>

class QComboBox;
class QLabel;

namespace nanodit {

class ImageCanvas;
class LayerList;

/// One canvas of the loupe with the choice of what it shows.
class PicturePane : public QWidget {
    Q_OBJECT

public:
    explicit PicturePane(const QString& name, QWidget* parent = nullptr);

    /// Shows what is known of a record; call again when more is. `fitting`: colours are on their way.
    void show(const std::shared_ptr<const RecordView>& view, bool fitting);
    void clear(const QString& why = {});
    const std::shared_ptr<const RecordView>& view() const { return view_; }
    Lens lens() const { return layers_.lens(); }
    void setLens(Lens lens);
    /// As the layer list does it; false where no layer has the name.
    bool switchLayer(const QString& name, double opacity);
    /// Said before the record's own remarks: "kept: scene-12".
    void setTitle(const QString& title);

    /// Colours every patch by its likeness to `direction` and outlines the best one where `markBest`.
    void showSimilarity(std::span<const float> direction, bool markBest);
    /// Outlines what lies under a point of the bucket image; gives what to say of it, empty outside the picture.
    QString pointAt(QPointF point);
    ImageCanvas* canvas() const { return canvas_; }
    LayerList* layerList() const { return list_; }

Q_SIGNALS:
    void lensChanged();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void tellObstacle();
    void fitTitle();

    QComboBox* lensChoice_;
    QLabel *title_, *note_;
    QString whole_; ///< The title, of which as much is shown as there is room for.
    ImageCanvas* canvas_;
    LayerList* list_;
    RecordLayers layers_;
    std::shared_ptr<const RecordView> view_;
    bool fitting_ = false;
    QRectF extent_;  ///< Of the picture that was shown last: the next one of that size is seen as it was.
    LateTimer late_; ///< Until the picture before makes room for one that is not read yet.
};

} // namespace nanodit
