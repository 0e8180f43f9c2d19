#pragma once

#include "core/front/data.h"

#include <QWidget>

class QSplitter;
class QTreeWidget;

namespace nanodit {

class FittedColumns;
class JobRunner;
class WorkHead;

/// How a job of the data set ended: a sentence with a mark, a small table of counts, and what was left out with the
/// reason. A click on a record there chooses it. While a job runs that has no panel of its own, how far it is.
class ReportView : public QWidget {
    Q_OBJECT

public:
    explicit ReportView(QWidget* parent = nullptr);
    /// Nothing has run yet.
    void clear();
    void show(const ImportReport& report);
    void show(const CaptionReport& report);
    void show(const PreprocessReport& report, bool stopped = false);
    void show(const ShardReport& report);
    void show(const VerifyReport& report);

    /// A job whose report is shown here: what it does now, and how it ended if no report comes.
    void follow(JobRunner* runner, const QString& doing, const QString& stopped, const QString& failed);
    /// Another job begins: what it fails at takes the place of the last report.
    void beginJob() { failedSoFar_ = 0; }
    /// A record that the job that runs could not do; its report takes the place of these.
    void addFailure(const QString& work, const Reject& reject);

Q_SIGNALS:
    void recordChosen(const QString& id);

private:
    void begin(bool good, const QString& verdict, const QStringList& columns);
    void addCounts(const QStringList& cells);
    void addRejects(const std::vector<Reject>& rejects);
    void finish();

    std::int64_t failedSoFar_ = 0;
    std::int64_t rejectsNotShown_ = 0; ///< There are more than a list is for.
    WorkHead* head_;
    QTreeWidget* counts_;
    FittedColumns* rejectColumns_;
    FittedColumns* countColumns_;
    QTreeWidget* rejects_;
    QSplitter* both_;
};

} // namespace nanodit
