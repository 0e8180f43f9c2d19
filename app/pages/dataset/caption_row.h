#pragma once

#include "core/front/data.h"
#include "core/runtime/job.h"

#include <QObject>

class QGridLayout;
class QLabel;
class QProgressBar;
class QPushButton;
class QWidget;

namespace nanodit {

class JobRunner;

/// A row of the passes' panel: how many records lack a caption, and the button that lets the workspace's
/// caption_command write them; then how far it is.
class CaptionRow : public QObject {
    Q_OBJECT

public:
    /// Fills the grid's row: name, what, button or bar, numbers.
    CaptionRow(QGridLayout* grid, int row, int barWidth, QWidget* parent);

    /// `hasCommand`: workspace.yaml names a program. `without`: records that take part and have no caption.
    void setRecords(bool hasCommand, std::int64_t without);
    /// Whether it can be started.
    void setFree(bool free);
    /// Captions are being written; told until the job ends.
    void beginRun(JobRunner* runner);
    /// Of a job of the data set; what is not of captions is ignored.
    void showProgress(const Progress& progress);
    /// One more record failed.
    void countFailure();
    void show(const CaptionReport& report);
    /// Nothing of a last run is shown.
    void forget();
    bool running() const { return running_; }

Q_SIGNALS:
    void writeWanted();
    void failuresWanted();

private:
    void endEarly(const QString& how);
    void update();

    QLabel *what_, *numbers_;
    QPushButton* write_;
    QProgressBar* bar_;
    bool hasCommand_ = false, free_ = true, running_ = false;
    std::int64_t without_ = 0;
    int failed_ = 0;
    QString ended_; ///< How the last run ended, where it did not come to its end.
};

/// ", <a>3 failed</a>", a link; "" where none has. Rich text.
QString failuresLink(std::int64_t failed);

} // namespace nanodit
