#pragma once

#include "app/pages/dataset/captions_panel.h"
#include "app/session.h"
#include "core/front/data.h"
#include "core/runtime/remedy.h"

#include <QTabWidget>

namespace nanodit {

class AlignmentPanel;
class BucketsPanel;
class DatasetJobs;
class DriftPanel;
class DuplicatesPanel;
class EpochPanel;
class LogView;
class PassesPanel;
class RecordList;
class ReportView;

/// The drawer under the records: what the data set's jobs reported last, certificates, buckets,
/// what an epoch does with them, drift, and the log.
class ReportDrawer : public QTabWidget {
    Q_OBJECT

public:
    /// `records`: for the captions panel.
    ReportDrawer(Session& session, DatasetJobs& jobs, CaptionsPanel::Records records, QWidget* parent = nullptr);
    void showBuckets(const RecordList& list);
    /// Opens a tab by its number, from the left.
    void open(int tab);
    /// Looks what the passes would do; they are started there.
    void openPasses();
    /// Opens the edits of many captions.
    void openCaptions();
    CaptionsPanel* captions() const { return captions_; }
    DuplicatesPanel* duplicates() const { return duplicates_; }
    /// Adds a line to the log.
    void log(LogLevel level, const QString& text);

Q_SIGNALS:
    /// A report has come and is shown.
    void reported();
    void recordChosen(const QString& id);
    /// Show the records that this query finds.
    void queryChosen(const QString& query);
    void packWanted();
    void encoderWanted(nanodit::Pass pass);
    /// What the drawer asked for, apart from jobs, could not be done.
    void failed(const QString& what, const nanodit::Notice& why);

private:
    void bring(QWidget* panel);
    void follow(JobRunner* runner);
    void askKept();
    void connectPasses();
    void connectCaptions();

    Session& session_;
    DatasetJobs& jobs_;
    ReportView* report_;
    AlignmentPanel* alignment_;
    BucketsPanel* buckets_;
    PassesPanel* passes_;
    EpochPanel* epoch_;
    DriftPanel* drift_;
    CaptionsPanel* captions_;
    DuplicatesPanel* duplicates_;
    LogView* log_;
};

} // namespace nanodit
