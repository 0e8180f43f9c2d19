#pragma once

#include <QPointer>
#include <QRectF>
#include <QWidget>

#include <memory>
#include <vector>

namespace nanodit {

class CanvasLayer;

/// How picture coordinates (pixels, y down) lie in the view (logical pixels): one scale and an offset.
class CanvasTransform {
public:
    double scale() const { return scale_; } ///< View pixels a picture pixel.
    QPointF viewFromPicture(QPointF point) const { return point * scale_ + offset_; }
    QPointF pictureFromView(QPointF point) const { return (point - offset_) / scale_; }
    QRectF viewFromPicture(const QRectF& box) const;

    /// Shows `picture` whole, centred, with a margin around it.
    void fit(const QRectF& picture, QSizeF view, double margin);
    /// Scales by `factor`; the picture point under `viewPoint` stays there. The scale stays within [0.02, 64].
    void zoomAround(QPointF viewPoint, double factor);
    void pan(QPointF viewDelta) { offset_ += viewDelta; }

private:
    double scale_ = 1;
    QPointF offset_;
};

/// A picture to look at closely: drag pans, the wheel zooms around the cursor, F fits, + and - zoom. What it shows are
/// layers, bottom first, all in one coordinate system.
class ImageCanvas : public QWidget {
    Q_OBJECT

public:
    explicit ImageCanvas(QWidget* parent = nullptr);

    /// `extent` is what fit() shows, in picture pixels. The view is kept when the extent stays the same.
    void setLayers(std::vector<std::shared_ptr<CanvasLayer>> layers, const QRectF& extent);
    void clear() { setLayers({}, {}); }
    const std::vector<std::shared_ptr<CanvasLayer>>& layers() const { return layers_; }
    /// Said in the middle while there are no layers.
    void setEmptyText(const QString& text);

    void fit();
    void zoom(double factor);
    const CanvasTransform& transform() const { return transform_; }
    /// Shows the same part of its picture as `other` does: at the same scale with the same point in the middle. Linked
    /// both ways, two canvases pan and zoom together.
    void showSamePart(const ImageCanvas& other);

    QSize sizeHint() const override { return {480, 360}; }
    QSize minimumSizeHint() const override { return {160, 120}; }

Q_SIGNALS:
    /// The mouse is over this picture point.
    void hovered(QPointF picturePoint);
    void hoverLeft();
    /// A click that was no drag, at this picture point.
    void clicked(QPointF picturePoint);
    /// Zoomed, panned or fitted.
    void viewChanged();

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void changed();
    void paintLayers(QPainter& painter) const;

    std::vector<std::shared_ptr<CanvasLayer>> layers_;
    QRectF extent_;
    CanvasTransform transform_;
    bool fitted_ = true; ///< Still fits: stays so when the window is resized.
    QPointF dragFrom_, pressedAt_;
    QPointF mouse_{-1, -1}; ///< In the view; there while it is outside.
    bool dragging_ = false;
    QString emptyText_;
};

} // namespace nanodit
