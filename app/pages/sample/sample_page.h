#pragma once

#include "app/pages/sample/sample_actions.h"
#include "app/sampling.h"
#include "app/session.h"

#include <QWidget>

#include <vector>

class QStackedWidget;

namespace nanodit {

class Dialogs;
class HistoryPanel;
class PageFrame;
class PictureSaving;
class PictureStage;
class PromptBar;
class SampleForm;
class StatePanel;
class TrashedPictures;

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
    void showEvent(QShowEvent* event) override;

private:
    void makeCommands();
    void connectParts();
    void connectForm();
    void connectSampling();
    void connectHistory();

    SampleRequest request() const;
    void generate();
    /// The same picture with every checkpoint of the run.
    void generateOverCheckpoints();
    /// What it becomes by each branch of guidance alone.
    void generateBranches();
    void follow();
    void showPlane(bool shown);
    void openCell(int row, int col);
    void showRegion();
    void compare(const QStringList& files);
    void showFrame(const QString& file);
    void showAnatomy();
    void updateState();
    void forgetWorkspace();

    /// On an untouched page: a caption and the record that it belongs to, which go together.
    void suggest();
    void applySettings(const SampleRequest& settings);
    void takeOver(const QString& file, const PaintedPicture& painted);
    void takeHistory(const std::vector<SampledPicture>& pictures);
    void keep(const SampledPicture& picture); ///< In front of the history.
    void discardShown();
    void save();

    Session& session_;
    Sampling& sampling_;
    PageFrame* frame_;
    PromptBar* prompt_;
    QStackedWidget* states_; ///< Empty, or the stage.
    StatePanel* empty_;
    PictureStage* stage_;
    SampleForm* form_;
    HistoryPanel* history_;
    PictureSaving* saving_;
    TrashedPictures* trashed_;
    SampleActions actions_;
    std::optional<PngText> planeSettings_; ///< Of the plane that is shown, but its scales.
    QStringList seriesFiles_;              ///< By tile; empty while one is not generated.
    QString shownFile_;                    ///< The finished picture on the canvas, or empty.
    QString promptBefore_;                 ///< When the history was asked for.
};

} // namespace nanodit
