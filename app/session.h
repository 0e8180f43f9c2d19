#pragma once

#include "app/page_table.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/front/training.h"
#include "core/runtime/compute.h"
#include "core/runtime/device_choice.h"
#include "core/runtime/job.h"

#include <QObject>
#include <QString>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace nanodit {

class BackgroundQueue;
class JobRunner;
class Sampling;
class Training;
class Validating;

/// What a job of the data set does.
enum class DatasetWork { Demo, Import, Captions, Passes, Pack, Verify, Certify, Drift };

/// The records as a value that any thread may keep: it never changes, a newer one takes its place. By id.
using RecordsValue = std::shared_ptr<const std::vector<RecordInfo>>;

/// The only place where pieces meet: the open workspace, what is known of it, the jobs that run. Pages ask for work
/// through it and hear of results through its signals. Everything here is called on, and signals on, the home thread;
/// nothing blocks it.
class Session : public QObject {
    Q_OBJECT

public:
    explicit Session(QObject* parent = nullptr);
    ~Session() override;

    // The workspace
    bool hasWorkspace() const { return workspace_.has_value(); }
    const Workspace& workspace() const { return *workspace_; }
    void openWorkspace(const QString& folder);
    /// Makes a workspace in `folder` and imports the pictures.
    void createWorkspace(const QString& folder, const QString& pictures);
    /// Draws the demo workspace into `folder`, then opens it.
    void createDemo(const QString& folder, std::int64_t scenes = 600);

    // What is known of it
    const std::vector<RecordInfo>& records() const { return *records_; }
    const RecordsValue& recordsValue() const { return records_; }
    const RecordInfo* record(const QString& id) const;
    /// Empty while the workspace names no DINO encoder.
    const std::optional<DinoEncoderInfo>& dinoEncoder() const { return dinoEncoder_; }
    const std::vector<RunInfo>& runs() const { return runs_; }
    /// Whether there are shards to train on.
    bool hasShards() const;
    void refreshRecords();
    void refreshRuns();
    /// Runs `change` in the background, after everything asked before: it edits records of the workspace and gives back
    /// how they are now. Only they are replaced; `done` and recordsChanged follow, or failed(`what`, ...).
    void changeRecords(const QString& what, std::function<std::vector<RecordInfo>(const Workspace& workspace)> change,
                       std::function<void()> done);

    // The data set's jobs: one at a time
    void importPictures(const QString& source);
    /// Lets caption_command write the captions that are missing.
    void writeCaptions();
    void runPasses(const std::vector<Pass>& passes);
    void packShards(bool overwrite);
    void verify();
    /// Of at most `sample` records, spread over the set; 0: all.
    void certify(std::int64_t sample);
    /// How much the features of at most `sample` records change at half the resolution; 0: of all.
    void measureDrift(std::int64_t sample);
    bool datasetBusy() const { return datasetJob_ != nullptr; }
    JobRunner* datasetJob() const { return datasetJob_; }    ///< The one that runs; null: none.
    DatasetWork datasetWork() const { return datasetWork_; } ///< Of the one that runs.

    Training& training() { return *training_; }
    Sampling& sampling() { return *sampling_; }
    Validating& validating() { return *validating_; }
    BackgroundQueue& background() { return *background_; }

    const DeviceChoice& device() const { return device_; }
    void setDevice(const DeviceChoice& device) { device_ = device; }
    /// "OpenBLAS (OpenMP), 2 threads"; found out once, in the background.
    const ComputeInfo& compute() const { return compute_; }

    // Jobs
    /// A runner that is listed once it starts; the session owns it. `page` is where a click on it leads.
    JobRunner* newJob(const QString& name, Page page);
    void startJob(JobRunner* runner, std::unique_ptr<Job> job);
    const std::vector<JobRunner*>& jobs() const { return jobs_; }
    void stopAllJobs();
    /// Nothing runs and no answer is awaited.
    bool idle() const;

Q_SIGNALS:
    void workspaceOpening();
    void workspaceChanged();
    void recordsChanged();
    void runsChanged();
    void computeKnown();
    /// Something asked for could not be done; `what` names it, `why` is one sentence with the remedy.
    void failed(const QString& what, const QString& why);

    void jobStarted(nanodit::JobRunner* runner);
    void jobEnded(nanodit::JobRunner* runner);
    /// A line that a job of the data set wrote.
    void datasetLogged(nanodit::LogLevel level, const QString& text);
    void allJobsEnded();
    void datasetBusyChanged();

    void imported(const nanodit::ImportReport& report);
    void captioned(const nanodit::CaptionReport& report);
    /// A record that passes ("t5", "vae", "dinov3") or the writing of captions ("captions") could not do, while they go
    /// on.
    void recordFailed(const QString& work, const nanodit::Reject& reject);
    void preprocessed(const nanodit::PreprocessReport& report);
    void packed(const nanodit::ShardReport& report);
    void verified(const nanodit::VerifyReport& report);
    void certified(const nanodit::CertifyReport& report);
    void driftMeasured(const nanodit::DriftReport& report);

private:
    void adopt(Workspace workspace);
    /// Runs a job of the data set; `refresh` reads the records again afterwards.
    void runDatasetJob(DatasetWork work, const QString& name,
                       const std::function<std::unique_ptr<Job>(JobRunner*)>& make);
    template<typename Report>
    std::function<void(const Report&)> reportTo(JobRunner* runner, void (Session::*signal)(const Report&));

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
    DeviceChoice device_;
    ComputeInfo compute_;
    std::vector<JobRunner*> jobs_;
    JobRunner* datasetJob_ = nullptr;
    DatasetWork datasetWork_ = DatasetWork::Import;
    std::unique_ptr<BackgroundQueue> background_;
    Training* training_; ///< Children, as QObjects.
    Sampling* sampling_;
    Validating* validating_;
};

} // namespace nanodit
