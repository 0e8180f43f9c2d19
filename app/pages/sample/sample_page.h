#pragma once

#include "app/sampling.h"
#include "app/session.h"

#include <QCache>
#include <QWidget>

#include <map>
#include <vector>

class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QStackedWidget;

namespace nanodit {

class Dialogs;
class FilmModel;
class Filmstrip;
class GuidanceAnatomy;
class GuidancePlaneView;
class ImageCanvas;
class PageFrame;
class SampleForm;
class StatePanel;

/// Paints pictures from a prompt and a reference, and keeps what was painted.
class SamplePage : public QWidget {
    Q_OBJECT

public:
    SamplePage(Session& session, Sampling& sampling, Dialogs& dialogs, QWidget* parent = nullptr);
    /// Takes over the settings that a PNG of ours carries; any other picture becomes the reference.
    void restoreFrom(const QString& file);
    /// Paints with this one from now on, where it is still there.
    void chooseCheckpoint(const QString& folder);
    bool settled() const;

Q_SIGNALS:
    void trainWanted();
    /// What the sampling of this PNG attended to.
    void attentionWanted(const QString& file);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeContent();
    void connectSampling();
    void generate();
    void updateState();
    /// `size`: in full, where the picture is reduced.
    void showPicture(const QImage& picture, QSize size);
    void showFrame(const QString& file);
    /// On an untouched page: a caption and the record that it belongs to, which go together.
    void suggest();
    void applySettings(const SampleRequest& settings);
    void takeOver(const QString& file, const PaintedPicture& painted);
    SampleRequest request() const;
    void follow();
    void showPlane(bool shown);
    void openCell(int row, int col);
    void showAnatomy();
    void saveSheet();
    void discardShown();
    void bringBack();
    void save();

    Session& session_;
    Sampling& sampling_;
    Dialogs& dialogs_;
    PageFrame* frame_;
    QLineEdit* prompt_;
    QPushButton *generate_, *cancel_, *save_, *attend_, *planeButton_, *anatomyButton_;
    QProgressBar* progress_;
    QStackedWidget* states_;
    StatePanel* empty_;
    QStackedWidget* views_; ///< The picture, the plane.
    ImageCanvas* canvas_;
    GuidancePlaneView* plane_;
    GuidanceAnatomy* anatomy_;
    QLabel* caption_;
    SampleForm* form_;
    FilmModel* film_;
    Filmstrip* strip_;
    /// A picture that was moved to the trash.
    struct Trashed {
        SampledPicture picture;
        QString place; ///< Its file there.
        int row;       ///< In the strip.
    };
    std::map<QString, SampledPicture> history_; ///< By file, reduced.
    QCache<QString, QImage> inFull_;            ///< By file, those looked at last; costs are kilobytes.
    std::vector<Trashed> trashed_;              ///< The last one last.
    std::optional<PngText> planeSettings_;      ///< Of the plane that is shown, but its scales.
    QString shownFile_;                         ///< The finished picture on the canvas, or empty.
};

} // namespace nanodit
