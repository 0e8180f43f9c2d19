#pragma once

#include <QImage>
#include <QWidget>

#include <optional>
#include <vector>

namespace nanodit {

/// Pictures over two guidance scales: text downwards, DINO to the right, each axis in its condition's colour. The
/// scales under the sliders are marked. A click, or Enter on the cell that the arrow keys chose, opens a picture.
class GuidancePlaneView : public QWidget {
    Q_OBJECT

public:
    explicit GuidancePlaneView(QWidget* parent = nullptr);
    /// Begins an empty plane of pictures of this size in pixels.
    void begin(std::vector<double> textScales, std::vector<double> dinoScales, QSize picture);
    void setPicture(int row, int col, const QImage& picture);
    /// Where the sliders stand; drawn while it lies within the plane.
    void setPoint(double textScale, double dinoScale);

    int rows() const { return static_cast<int>(textScales_.size()); }
    int cols() const { return static_cast<int>(dinoScales_.size()); }
    double textScale(int row) const { return textScales_[static_cast<std::size_t>(row)]; }
    double dinoScale(int col) const { return dinoScales_[static_cast<std::size_t>(col)]; }
    const QImage& picture(int row, int col) const;
    QRectF cellRect(int row, int col) const;
    /// Of the sliders' mark; empty outside the plane.
    std::optional<QPointF> pointAt() const;

    QSize sizeHint() const override { return {640, 640}; }
    QSize minimumSizeHint() const override { return {240, 240}; }

Q_SIGNALS:
    void opened(int row, int col);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    QString cellText(QPoint cell) const; ///< Its scales.
    void choose(QPoint cell);            ///< Tells a screen reader its scales.
    QRectF plane() const; ///< All cells, in the middle of the room that the axes leave.
    std::optional<QPoint> cellAt(const QPointF& point) const; ///< x: column, y: row.

    std::vector<double> textScales_, dinoScales_;
    QSize picture_{1, 1};
    std::vector<QImage> pictures_;
    std::optional<std::pair<double, double>> point_; ///< Text, DINO.
    QPoint chosen_{0, 0};
};

} // namespace nanodit
