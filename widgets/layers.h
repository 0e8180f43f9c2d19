#pragma once

#include "core/geometry/bucket.h"
#include "widgets/colours.h"
#include "widgets/heat_colours.h"

#include <QImage>
#include <QPainter>
#include <QRectF>
#include <QString>

#include <optional>

namespace nanodit {

class CanvasTransform;

/// One thing that a canvas shows. Paints in view coordinates, so that lines stay one pixel wide at every zoom.
class CanvasLayer {
public:
    /// `legend` says what one sees, for the list; a hue gives it its swatch.
    CanvasLayer(QString name, QString legend, std::optional<Hue> hue = std::nullopt);
    virtual ~CanvasLayer() = default;
    virtual void paint(QPainter& painter, const CanvasTransform& transform) const = 0;
    /// Whether pictures below this layer are shown in grey while it is visible.
    virtual bool mutesColours() const { return false; }
    /// As paint, without colours of its own where it has any.
    virtual void paintMuted(QPainter& painter, const CanvasTransform& transform) const { paint(painter, transform); }
    /// Its name where it lies, if it says that; painted over all layers.
    virtual void paintName(QPainter& /*painter*/, const CanvasTransform& /*transform*/) const {}
    /// What its colours stand for, where they stand for numbers.
    virtual std::optional<HeatScale> scale() const { return std::nullopt; }

    const QString& name() const { return name_; }
    const QString& legend() const { return legend_; }
    std::optional<Hue> hue() const { return hue_; }
    bool visible() const { return visible_; }
    void setVisible(bool visible) { visible_ = visible; }
    double opacity() const { return opacity_; }
    void setOpacity(double opacity) { opacity_ = opacity; }

private:
    QString name_, legend_;
    std::optional<Hue> hue_;
    bool visible_ = true;
    double opacity_ = 1;
};

/// A picture stretched over a box. Smooth; pixels become squares from eight times magnification on.
class PictureLayer : public CanvasLayer {
public:
    PictureLayer(QString name, QString legend, QImage picture, const QRectF& box);
    void paint(QPainter& painter, const CanvasTransform& transform) const override;
    void paintMuted(QPainter& painter, const CanvasTransform& transform) const override;

private:
    /// What is painted now, kept until the zoom asks for another size: the mouse moves over it many times a second, and
    /// a picture that follows a slider changes as often.
    struct Scaled {
        QImage picture;
        QSize size;
    };
    void paint(QPainter& painter, const CanvasTransform& transform, const QImage& picture, Scaled& scaled) const;

    QImage picture_;
    mutable QImage grey_; ///< Made when first painted.
    mutable Scaled scaled_, scaledGrey_;
    QRectF box_;
};

/// The lines of a grid over a bucket image. Fades out where cells get smaller than four view pixels.
class GridLayer : public CanvasLayer {
public:
    enum class Line { Solid, Dashed };
    GridLayer(QString name, QString legend, Hue hue, ImageSize bucket, GridSize grid, Line line);
    void paint(QPainter& painter, const CanvasTransform& transform) const override;

private:
    ImageSize bucket_;
    GridSize grid_;
    Line line_;
};

/// A box's outline with its name at the corner, the rest of `extent` dimmed.
class CropLayer : public CanvasLayer {
public:
    CropLayer(QString name, QString legend, Hue hue, const QRectF& box, const QRectF& extent);
    void paint(QPainter& painter, const CanvasTransform& transform) const override;
    void paintName(QPainter& painter, const CanvasTransform& transform) const override;

private:
    QRectF box_, extent_;
};

/// Boxes outlined in colours: what lies under the mouse.
class OutlineLayer : public CanvasLayer {
public:
    struct Outline {
        QRectF box;
        Hue hue;
        double outset = 0; ///< View pixels, so that outlines of equal boxes can be told apart.
    };
    OutlineLayer()
        : CanvasLayer({}, {})
    {
    }
    void setOutlines(std::vector<Outline> outlines) { outlines_ = std::move(outlines); }
    void paint(QPainter& painter, const CanvasTransform& transform) const override;

private:
    std::vector<Outline> outlines_;
};

QRectF rectOf(const PixelBox& box);

} // namespace nanodit
