#pragma once

#include "app/pages/validate/validation_view.h"
#include "widgets/grid_correspondence.h"
#include "widgets/late_timer.h"

#include <QPointF>
#include <QWidget>

#include <array>
#include <memory>

class QComboBox;
class QLabel;
class QLayout;

namespace nanodit {

class ImageCanvas;
class OutlineLayer;

/// One painted picture large, beside what it is compared with and the baseline's, or without a baseline the training
/// picture that it is most like: they pan and zoom together, and the
/// patch under the mouse is outlined in all of them.
class ValidationLoupe : public QWidget {
    Q_OBJECT

public:
    enum class Overlay { None, Patches, Difference };
    explicit ValidationLoupe(QWidget* parent = nullptr);

    /// Before the pictures are there: whose they are, "3 of 24", and the titles of the three. The pictures of the row
    /// before make room at once where they were not seen, else unless the new ones come soon.
    void setRow(const ValidationRow& row, const QString& place, const std::array<QString, 3>& titles);
    /// Reference, painted, and the third; null for one that is not there. `patchSize` 0: no encoder, no patches.
    void setPictures(const std::array<QImage, 3>& pictures, std::int64_t patchSize);
    const std::array<ImageCanvas*, 3>& canvases() const { return canvases_; }

Q_SIGNALS:
    void closed();
    void stepped(int by); ///< To the next or the previous picture.
    void attentionWanted();
    void sampleWanted();

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    QLayout* makeHead();
    QLayout* makePanes();
    void forgetPictures();
    void layOver();
    void pointAt(QPointF point);

    QLabel *place_, *caption_, *facts_, *readout_;
    QComboBox* overlay_;
    std::array<QWidget*, 3> panes_{};
    std::array<QLabel*, 3> titles_{};
    std::array<ImageCanvas*, 3> canvases_{};
    std::array<QImage, 3> pictures_;
    std::array<std::shared_ptr<OutlineLayer>, 3> outlines_;
    std::vector<float> difference_;
    GridPair grids_;
    bool hasGrid_ = false;
    bool reading_ = false; ///< The pictures are not those of the row yet.
    LateTimer late_;       ///< Until the pictures of the row before make room for those that are not read yet.
    QPointF pointed_;      ///< Where the mouse was last, in pixels of the picture.
};

} // namespace nanodit
