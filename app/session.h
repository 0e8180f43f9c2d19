#pragma once

#include "app/page_table.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/front/training.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"
#include "core/runtime/remedy.h"

#include <QObject>
#include <QString>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace nanodit {

class BackgroundQueue;
class ComputeSetting;
class JobRunner;

/// The records as a value that any thread may keep: it never changes, a newer one takes its place. By id.
using RecordsValue = std::shared_ptr<const std::vector<RecordInfo>>;

/// The open workspace, its records and runs, and the jobs that run; what computes them is a setting of its own. It
/// knows no controller and no page: they ask it, and hear of changes through its signals. Everything here is called on,
/// and signals on, the home thread; nothing blocks it.
class Session : public QObject {
    Q_OBJECT

public:
    explicit Session(QObject* parent = nullptr);
    ~Session() override;

    // The workspace
    bool hasWorkspace() const { return workspace_.has_value(); }
    const Workspace& workspace() const { return *workspace_; }
    void openWorkspace(const QString& folder);
    /// Makes an empty workspace in `folder` and opens it, then calls `made`.
    void createWorkspace(const QString& folder, std::function<void()> made);
    /// The window closes: what is being written is saved, as when another workspace opens.
    void leave();
    /// The open workspace has other settings now, which are on disk already: everything begun from now on has them.
    void takeSettings(Workspace workspace);

    // What is known of it
    const std::vector<RecordInfo>& records() const { return *records_; }
    const RecordsValue& recordsValue() const { return records_; }
    const RecordInfo* record(const QString& id) const;
    /// Empty while the workspace names no DINO encoder.
    const std::optional<DinoEncoderInfo>& dinoEncoder() const { return dinoEncoder_; }
    const std::vector<RunInfo>& runs() const { return runs_; }
    /// Those of their checkpoints that hold raw weights beside the average.
    const std::set<std::filesystem::path>& checkpointsWithBothWeights() const { return bothWeights_; }
    /// Whether there were shards to train on when records or runs were read last.
    bool hasShards() const { return hasShards_; }
    void refreshRecords();
    void refreshRuns();
    /// Runs `change` in the background, after everything asked before: it edits records of the workspace and gives back
    /// how they are now. Only they are replaced; `done` and recordsChanged follow, or `onFailure`.
    void changeRecords(std::function<std::vector<RecordInfo>(const Workspace& workspace)> change,
                       std::function<void()> done, std::function<void(const Notice& why)> onFailure);

    /// For what somebody waits for: edits, in their order, opening, a picture, a file to be saved. Nothing long. All
    /// of it is done before the session ends.
    BackgroundQueue& background() { return *background_; }
    /// For long readings beside it: metrics of runs, overviews of all of them. Who is answered looks whether the
    /// workspace is still the same.
    BackgroundQueue& readings() { return *readings_; }
    int pending() const; ///< Answers that either of them owes.

    ComputeSetting& compute() { return *compute_; }
    const ComputeChoice& device() const; ///< That is chosen there.

    // Jobs
    /// A runner that is listed once it starts; the session owns it. `page` is where a click on it leads.
    JobRunner* newJob(const QString& name, Page page);
    void startJob(JobRunner* runner, std::unique_ptr<Job> job);
    const std::vector<JobRunner*>& jobs() const { return jobs_; }
    void stopAllJobs();
    /// Stops them and waits for their threads; whom they reported to hears no more of them.
    void endAllJobs();
    /// Nothing runs and no answer is awaited.
    bool idle() const;

Q_SIGNALS:
    void leaving(); ///< Whoever shows what is being written hands it over now, for it is lost otherwise.
    void workspaceOpening();
    void workspaceChanged();
    void settingsChanged(); ///< The same workspace has other settings.
    void recordsChanged();
    void runsChanged();
    /// The workspace, its records or its runs could not be read; `what` says which.
    void failed(const QString& what, const nanodit::Notice& why);
    void runsUnreadable(const nanodit::Notice& why); ///< Beside failed(): refreshRuns() has found none.

    void jobStarted(nanodit::JobRunner* runner);
    void jobEnded(nanodit::JobRunner* runner);
    void allJobsEnded();

private:
    /// What was read of its runs.
    struct KnownRuns {
        std::vector<RunInfo> runs;
        std::set<std::filesystem::path> bothWeights;
        bool shards = false;
    };
    static KnownRuns readRuns(const Workspace& workspace);
    void take(KnownRuns known);
    void adopt(Workspace workspace);

    /// What the background thread read last, touched by it alone: edits and readings follow one another there.
    struct NewestRecords {
        std::filesystem::path root;
        RecordsValue records;
    };

    std::optional<Workspace> workspace_;
    RecordsValue records_;
    std::shared_ptr<NewestRecords> newest_ = std::make_shared<NewestRecords>();
    std::optional<DinoEncoderInfo> dinoEncoder_;
    std::vector<RunInfo> runs_;
    std::set<std::filesystem::path> bothWeights_;
    bool hasShards_ = false;
    std::vector<JobRunner*> jobs_;
    int opened_ = 0; ///< Workspaces so far: what was read before one was opened says nothing of it.
    std::unique_ptr<BackgroundQueue> background_, readings_;
    std::unique_ptr<ComputeSetting> compute_; ///< Last: it asks there.
};

} // namespace nanodit
