#pragma once

#include "core/front/data.h"
#include "core/runtime/job.h"
#include "core/runtime/remedy.h"

#include <QWidget>

#include <array>

class QCheckBox;
class QGridLayout;
class QLabel;
class QProgressBar;
class QPushButton;

namespace nanodit {

class CaptionRow;
class JobRunner;
class WorkHead;

/// Captions that a program writes, and the three passes before and while they run: what each would make and why, in
/// what time, in how many bytes; then how far each is, its rate and the time left.
class PassesPanel : public QWidget {
    Q_OBJECT

public:
    explicit PassesPanel(QWidget* parent = nullptr);
    /// Nothing is known yet; a forecast is on its way.
    void beginForecast();
    void show(const PreprocessForecast& forecast);
    void fail(const Notice& why); ///< There will be no forecast.
    /// The chosen passes begin; told until the job ends.
    void beginRun(JobRunner* runner);
    /// Of a job of the data set; what is not of a pass is ignored.
    void showProgress(const Progress& progress);
    /// One more record of the pass failed.
    void countFailure(Pass pass);
    /// How the run ended; `stopped`: before its end.
    void show(const PreprocessReport& report, bool stopped);
    /// Captions are being written; told until the job ends.
    void beginCaptions(JobRunner* runner);
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
    /// That of the pass is to be chosen in the workspace's settings.
    void encoderWanted(nanodit::Pass pass);

private:
    struct Line {
        QCheckBox* chosen;
        QLabel *what, *numbers; ///< What it would do, or does; time and bytes, or how far it is.
        QProgressBar* bar;
        QString stage; ///< What the pass is doing.
        std::int64_t done = 0, total = 0;
        bool begun = false, ended = false;
        std::int64_t failed = 0; ///< Of the run.
    };
    void addLine(int row, Pass pass);
    void showBar(std::size_t pass, bool shown);
    void showStage(const Line& line);
    void showLine(const PassForecast& forecast);
    void showSentence();
    void updateStart();
    void tellUnfinished();

    WorkHead* head_;
    QPushButton *start_, *again_;
    std::array<Line, 3> lines_{}; ///< By Pass.
    QGridLayout* grid_;
    CaptionRow* captions_;
    std::optional<PreprocessForecast> forecast_;
    bool free_ = true, running_ = false;
};

/// "12 missing, 3 stale: the caption", "whole"; of what a pass would do.
QString workText(const PassForecast& forecast);

} // namespace nanodit
