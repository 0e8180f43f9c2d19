#pragma once

#include "core/dataset/pass_front.h"
#include "core/workbench.h"

#include <QWidget>

#include <array>

class QCheckBox;
class QGridLayout;
class QLabel;
class QProgressBar;
class QPushButton;

namespace nanodit {

class CaptionRow;

/// Captions that a program writes, and the three passes before and while they run: what each would make and why, in
/// what time, in how many bytes; then how far each is, its rate and the time left.
class PassesPanel : public QWidget {
    Q_OBJECT

public:
    explicit PassesPanel(QWidget* parent = nullptr);
    /// Nothing is known yet; a forecast is on its way.
    void beginForecast();
    void show(const PreprocessForecast& forecast);
    void fail(const QString& why); ///< There will be no forecast.
    /// The chosen passes begin.
    void beginRun();
    /// Of a job of the data set; what is not of a pass is ignored.
    void showProgress(const Progress& progress);
    /// One more record of the pass failed.
    void countFailure(Pass pass);
    void show(const PreprocessReport& report);
    CaptionRow* captions() const { return captions_; }
    /// Whether passes can be started.
    void setFree(bool free);
    void clear();

Q_SIGNALS:
    void runWanted(const std::vector<nanodit::Pass>& passes);
    void forecastWanted();
    void captionsWanted();
    /// Show what failed, and why.
    void failuresWanted();

private:
    struct Line {
        QCheckBox* chosen;
        QLabel *what, *time, *bytes, *numbers;
        QProgressBar* bar;
        QString phase;           ///< What the pass is doing.
        std::int64_t failed = 0; ///< Of the run.
    };
    void addLine(QGridLayout* grid, int row, Pass pass);
    void showPhase(const Line& line);
    void showLine(const PassForecast& forecast);
    void showSentence();
    void updateStart();

    QLabel* sentence_;
    QPushButton *start_, *again_;
    std::array<Line, 3> lines_{}; ///< By Pass.
    CaptionRow* captions_;
    std::optional<PreprocessForecast> forecast_;
    bool free_ = true, running_ = false;
};

/// "12 missing, 3 stale: the caption", "whole"; of what a pass would do.
QString workText(const PassForecast& forecast);

} // namespace nanodit
