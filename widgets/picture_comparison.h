#pragma once

#include <QImage>
#include <QString>
#include <QTimer>
#include <QWidget>

#include <memory>
#include <vector>

class QButtonGroup;
class QHBoxLayout;
class QLabel;
class QSlider;
class QStackedWidget;

namespace nanodit {

class ImageCanvas;
class WipeLayer;

/// Two or more pictures held against each other: side by side (all of them, zoomed and panned together), one wiped over
/// the other, blinking one after the other, or the difference of the first two with its numbers.
class PictureComparison : public QWidget {
    Q_OBJECT

public:
    enum class Mode { SideBySide, Wipe, Blink, Difference };
    struct Picture {
        QImage picture;
        QString label;
    };
    explicit PictureComparison(QWidget* parent = nullptr);

    /// Keeps the mode. At least two.
    void setPictures(std::vector<Picture> pictures);
    Mode mode() const { return mode_; }
    void setMode(Mode mode);
    int blinked() const { return blinked_; } ///< Which picture is seen while they blink.
    QString readout() const;                 ///< What stands below them.

Q_SIGNALS:
    void closed();

protected:
    void hideEvent(QHideEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeBar();
    void showSideBySide();
    void showMode();
    void blink();

    std::vector<Picture> pictures_;
    Mode mode_ = Mode::SideBySide;
    int blinked_ = 0;
    QButtonGroup* modes_;
    QSlider* wipe_;
    QStackedWidget* views_;
    QWidget* side_;
    QHBoxLayout* sideRow_;
    std::vector<ImageCanvas*> sideCanvases_;
    ImageCanvas* canvas_;
    std::shared_ptr<WipeLayer> wipeLayer_;
    QLabel* readout_;
    QTimer blinking_;
};

} // namespace nanodit
