#pragma once

#include "core/runtime/job.h"

#include <QWidget>

class QLabel;
class QProgressBar;
class QToolButton;

namespace nanodit {

/// One running job in the status strip: name, phase, bar, rate, time left, pause and stop.
class JobBar : public QWidget {
    Q_OBJECT

public:
    explicit JobBar(const QString& name, QWidget* parent = nullptr);
    void setProgress(const Progress& progress);
    void setPaused(bool paused);
    void setStopping();
    /// Leaves the phase out, to make room for other jobs.
    void setCompact(bool compact);

Q_SIGNALS:
    void pauseRequested();
    void resumeRequested();
    void stopRequested();
    void opened(); ///< A click on its name: show what it is about.

protected:
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    QLabel* name_;
    QLabel* phase_;
    QProgressBar* bar_;
    QLabel* numbers_;
    QToolButton* pause_;
    QToolButton* stop_;
    bool paused_ = false;
    bool stopping_ = false;
};

} // namespace nanodit
