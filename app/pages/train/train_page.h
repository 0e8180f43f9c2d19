#pragma once

#include "app/session.h"
#include "core/front/training.h"

#include <QWidget>

class QAction;
class QProgressBar;
class QStackedWidget;
class QTabWidget;

namespace nanodit {

class Dialogs;
class EnlargedPreview;
class ForecastPanel;
class JumpPanel;
class LogView;
class PageFrame;
class Preferences;
class PreviewPanel;
class RunForm;
class TrainForecasts;
class Training;

/// Sets a training up, runs it, and shows how it goes; or shows how a past one went.
class TrainPage : public QWidget {
    Q_OBJECT

public:
    TrainPage(Session& session, Training& training, Preferences& preferences, Dialogs& dialogs,
              QWidget* parent = nullptr);
    void showRun(const QString& name);
    /// Sets up a new run with the settings of a past one; also from its weights.
    void newRunLike(const QString& name, bool fromItsWeights);
    bool settled() const;

Q_SIGNALS:
    void datasetWanted();
    void recordWanted(const QString& id); ///< On the page of the data set.

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeContent();
    QWidget* makeCurves();
    QWidget* makePlots();
    QWidget* makeDrawer();
    void addActions();
    void connectTraining();
    QWidget* makeInspector();
    /// What the blue button says: train, resume, train longer, or make a new run of a run that cannot go on.
    void start();
    void begin(bool resume);
    void forecast();
    void showForecast();
    void pauseOrResume();
    void queueNext();
    void updateState();
    void showContext(const Progress* progress);

    Session& session_;
    Training& training_;
    Preferences& preferences_;
    Dialogs& dialogs_;
    PageFrame* frame_;
    QStackedWidget* states_;     ///< Nothing to train on, or the curves.
    QTabWidget* tabs_ = nullptr; ///< Below the curves.
    QProgressBar* progress_;
    PreviewPanel* previews_;
    EnlargedPreview* enlarged_; ///< One of the previews.
    LogView* log_;
    JumpPanel* jumps_;
    RunForm* form_;
    TrainForecasts* forecasts_;
    ForecastPanel* forecast_;
    QAction *start_, *newRun_, *queue_, *cancelQueueing_, *pause_, *stop_, *previewNow_, *checkpointNow_;
    bool queueing_ = false; ///< While one run was trained, another one has been set up, and has not begun.
};

} // namespace nanodit
