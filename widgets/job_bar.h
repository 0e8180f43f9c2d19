#pragma once

#include "core/runtime/job.h"

#include <QWidget>

class QLabel;
class QProgressBar;
class QToolButton;

namespace nanodit {

/// One running job in the status strip: name, stage, bar, rate, time left, pause and stop.
class JobBar : public QWidget {
    Q_OBJECT

public:
    explicit JobBar(const QString& name, QWidget* parent = nullptr);
    /// `stage` and `numbers`: the progress in words.
    void setProgress(const Progress& progress, const QString& stage, const QString& numbers);
    void setPaused(bool paused);
    void setStopping();
    /// All; without the stage, to make room for other jobs; without the name too, where that stands beside it; pause
    /// and stop, and whether it is paused or stopping.
    enum class Parts { All, Compact, Numbers, Controls };
    void setParts(Parts parts);

Q_SIGNALS:
    void pauseRequested();
    void resumeRequested();
    void stopRequested();
    void opened(); ///< A click on its name: show what it is about.

protected:
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    void showNumbers();

    QLabel* name_;
    QLabel* stage_;
    QProgressBar* bar_;
    QLabel* numbers_;
    QToolButton* pause_;
    QToolButton* stop_;
    QString progress_; ///< "24/60 records · 3.1 records/s · 0:12 left"
    Parts parts_ = Parts::All;
    bool paused_ = false;
    bool stopping_ = false;
};

} // namespace nanodit
