#pragma once

#include <QList>
#include <QWidget>

class QHBoxLayout;
class QLabel;

namespace nanodit {

class JobBar;
class JobRunner;

/// The line at the top of a panel that tells of a job's results: a mark and a sentence, at the right what can be done;
/// while a job of the panel's runs, in that place how far it is, with pause and stop.
class WorkHead : public QWidget {
    Q_OBJECT

public:
    enum class Mark { None, Good, Problem, Stopped, Failed };
    explicit WorkHead(QWidget* parent = nullptr);

    void say(Mark mark, const QString& sentence);
    /// Offered while no job runs.
    void addAction(QWidget* action);
    /// Shows how far the job is until it ends; the panel then says how it ended.
    void follow(JobRunner* runner, const QString& sentence);
    /// Whether the bar tells how far the job is; where that is told elsewhere, pause and stop are enough.
    void setNumbersShown(bool shown) { numbersShown_ = shown; }
    QLabel* sentence() const { return sentence_; }
    bool running() const { return bar_ != nullptr; }

private:
    void showActions(bool shown);

    QLabel *mark_, *sentence_;
    QHBoxLayout* row_;
    QList<QWidget*> actions_;
    JobBar* bar_ = nullptr;
    bool numbersShown_ = true;
};

} // namespace nanodit
