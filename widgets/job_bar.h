#pragma once

#include "core/runtime/job.h"

#include <QWidget>

class QProgressBar;
class QToolButton;

namespace nanodit {

class FittedLabel;

/// One running job in the status strip: name, stage, bar, rate, time left, pause and stop. In little room it says less,
/// with its buttons at the right end whatever the length of the texts. Where its name is shown, a click on it opens
/// what it is about, as Enter or Space does while it has the focus.
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
    bool opens() const;   ///< A click, Enter or Space leads somewhere.
    QString said() const; ///< What it says of the job: "paused · training · 24/60 records".

Q_SIGNALS:
    void pauseRequested();
    void resumeRequested();
    void stopRequested();
    void opened(); ///< Show what it is about.

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    void showNumbers();
    QStringList wordings() const; ///< Of the numbers, the longest first.

    FittedLabel* name_;
    FittedLabel* stage_;
    QProgressBar* bar_;
    FittedLabel* numbers_;
    QToolButton* pause_;
    QToolButton* stop_;
    double share_ = -1; ///< Of the work that is done; below 0 when unknown.
    QString progress_;  ///< "24/60 records · 3.1 records/s · 0:12 left"
    Parts parts_ = Parts::All;
    bool paused_ = false;
    bool stopping_ = false;
};

} // namespace nanodit
