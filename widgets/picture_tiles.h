#pragma once

#include <QImage>
#include <QStringList>
#include <QWidget>

#include <vector>

namespace nanodit {

/// Pictures of one size with a label each, laid out as large as fits: seeds, checkpoints. A click opens one; arrows
/// and Enter do, too.
class PictureTiles : public QWidget {
    Q_OBJECT

public:
    explicit PictureTiles(QWidget* parent = nullptr);

    /// Empty tiles, one for each label. `picture`: the pictures' size.
    void begin(const QStringList& labels, QSize picture);
    void setPicture(int index, const QImage& picture);
    int count() const { return static_cast<int>(pictures_.size()); }
    const QImage& picture(int index) const { return pictures_[static_cast<std::size_t>(index)]; }
    QRectF tileRect(int index) const; ///< Of the picture, without its label.

    QSize sizeHint() const override { return {480, 360}; }

Q_SIGNALS:
    void opened(int index);

protected:
    bool event(QEvent* event) override; ///< All of a label that has no room.
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void layOut();
    void choose(int index); ///< Tells a screen reader its label.
    void open(int index);

    QStringList labels_;
    std::vector<QImage> pictures_;
    QSize picture_{1, 1};
    int columns_ = 1;
    double scale_ = 1;
    int chosen_ = 0;
};

} // namespace nanodit
