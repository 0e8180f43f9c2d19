#pragma once

#include "core/front/data.h"

#include <QWidget>

#include <memory>
#include <optional>
#include <vector>

class QLabel;
class QPushButton;
class QSplitter;

namespace nanodit {

class FeatureColours;
class ImageCanvas;
class PicturePane;
class RecordLoader;
class Session;
struct RecordView;

/// One record large, with everything that is known of its picture as layers; two of them side by side, of the same
/// record or of another one that is kept while the left one changes. Names what lies under the mouse, and colours both
/// sides by their likeness to it.
class Loupe : public QWidget {
    Q_OBJECT

public:
    explicit Loupe(Session& session, QWidget* parent = nullptr);
    /// Reads its pictures in the background.
    void showRecord(const RecordInfo& record);
    void clear();
    bool idle() const;

    /// Shows a second canvas.
    void setComparing(bool comparing);
    /// Keeps the record that is shown now in the second canvas, whatever is chosen next.
    void keepRecord();
    bool comparing() const;

    PicturePane* left() const { return left_; }
    PicturePane* right() const { return right_; }
    /// The buttons for setComparing and keepRecord, for whoever lays out the page.
    QWidget* comparison() const { return comparison_; }
    FeatureColours* colours() const { return colours_; }
    ImageCanvas* canvas() const;
    /// What the line under the canvas says of a point of the left bucket image, as when the mouse is there.
    void pointAt(QPointF picturePoint) { pointAt(left_, picturePoint); }

private:
    void makeReadout();
    QWidget* makeComparison();
    void addPane(PicturePane* pane);
    void pointAt(PicturePane* pane, QPointF point);
    void hold(PicturePane* pane, QPointF point);
    bool showsSimilarity() const;
    void lensChanged();
    void unlockUnseen();
    void refresh(const std::shared_ptr<const RecordView>& view);
    void wantWhatIsShown();
    bool linked() const;

    Session& session_;
    FeatureColours* colours_;
    RecordLoader* loader_;
    QSplitter* panes_;
    PicturePane *left_, *right_;
    QPushButton *compare_, *keep_;
    QWidget* comparison_;
    QLabel* readout_;
    std::string chosen_;              ///< The record of the left side, and of the right one unless one is kept.
    std::optional<std::string> kept_; ///< The record of the right side.
    bool held_ = false;               ///< A click holds the patch that similarity is shown to.
};

} // namespace nanodit
