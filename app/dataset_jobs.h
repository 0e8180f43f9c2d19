#pragma once

#include "core/front/curation.h"
#include "core/front/data.h"
#include "core/runtime/job.h"
#include "core/runtime/remedy.h"

#include <QObject>
#include <QString>

#include <functional>
#include <memory>
#include <vector>

namespace nanodit {

class JobRunner;
class Session;

/// What a job of the data set does.
enum class DatasetWork { Demo, Import, Captions, Passes, Pack, Verify, Certify, Drift, Duplicates };

/// The jobs that make and check the data set, one at a time: asked for while one runs, another fails at once. When one
/// ends, the session reads records and runs again. Home thread.
class DatasetJobs : public QObject {
    Q_OBJECT

public:
    explicit DatasetJobs(Session& session);

    /// Draws the demo workspace into `folder`, then opens it.
    void createDemo(const QString& folder, std::int64_t scenes = 600);
    /// Makes a workspace in `folder`, opens it and imports the pictures.
    void createWorkspace(const QString& folder, const QString& pictures);
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
    /// Looks for pictures that are there twice, by every measure.
    void findDuplicates();

    /// Looks what all passes would do, and what that takes: beside other jobs, and not while one runs that changes the
    /// answer. Asked for twice, it looks once.
    void forecast();

    bool busy() const { return runner_ != nullptr; }
    JobRunner* runner() const { return runner_; } ///< The one that runs; null: none.
    DatasetWork work() const { return work_; }    ///< Of the one that runs.

Q_SIGNALS:
    void busyChanged();
    void started(nanodit::JobRunner* runner);
    void logged(nanodit::LogLevel level, const QString& text);
    /// `what` names the job, which ended with an error or did not begin.
    void failed(const QString& what, const nanodit::Notice& why);
    /// A record that passes ("t5", "vae", "dinov3") or the writing of captions ("captions") could not do, while they go
    /// on.
    void recordFailed(const QString& work, const nanodit::Reject& reject);

    void forecastBegun();
    void forecastFailed(const nanodit::Notice& why);
    void forecastMade(const nanodit::PreprocessForecast& forecast);

    void imported(const nanodit::ImportReport& report);
    void captioned(const nanodit::CaptionReport& report);
    void preprocessed(const nanodit::PreprocessReport& report);
    void packed(const nanodit::ShardReport& report);
    void verified(const nanodit::VerifyReport& report);
    void certified(const nanodit::CertifyReport& report);
    void driftMeasured(const nanodit::DriftReport& report);
    void duplicatesFound(const nanodit::DuplicatesReport& report);

private:
    void run(DatasetWork work, const QString& name, const std::function<std::unique_ptr<Job>(JobRunner*)>& make);
    template<typename Report>
    std::function<void(const Report&)> reportTo(JobRunner* runner, void (DatasetJobs::*signal)(const Report&));

    Session& session_;
    JobRunner* runner_ = nullptr; ///< Owned by the session.
    DatasetWork work_ = DatasetWork::Import;
    bool forecasting_ = false;
    bool outdated_ = false; ///< The settings have changed since the check that runs has begun.
};

} // namespace nanodit
