#pragma once

#include "app/validation_subjects.h"
#include "core/front/validation.h"
#include "core/runtime/remedy.h"

#include <QObject>

namespace nanodit {

class JobRunner;
class Session;

/// A report to look at, and what it is compared with.
struct ShownValidation {
    ValidationReport report;
    std::optional<ValidationReport> baseline;
    std::vector<MetricDifference> differences; ///< Of the report against the baseline.
    std::vector<Milestone> milestones;         ///< As judged against that baseline.
    QString obstacle;                          ///< Why the two do not compare; empty when they do.
    std::vector<MetricCourse> courses;
    std::vector<LossCourse> losses;
    QString name, baselineName; ///< As the courses call them.
    const std::vector<MetricDifference>* against() const { return baseline ? &differences : nullptr; }
};

/// The one validation that may run, and the reading of reports. Home thread.
class Validating : public QObject {
    Q_OBJECT

public:
    enum class State { Idle, Running, Stopping };
    explicit Validating(Session& session);

    /// Of a checkpoint in this workspace; what the request says of workspace and device is filled in here.
    void start(ValidateRequest request, const QString& name);
    void cancel();
    State state() const { return state_; }
    bool active() const { return state_ != State::Idle; }
    JobRunner* runner() const { return runner_; }

    /// Reads the runs' checkpoints and reports; `listed` follows.
    void list();
    /// `readDone` or `readFailed` follows; only for what was asked last.
    void read(const std::filesystem::path& report, const std::filesystem::path& baseline);
    /// What was asked for last is not wanted any more.
    void forgetRead();

Q_SIGNALS:
    void stateChanged();
    void progressed(const nanodit::Progress& progress);
    void logged(nanodit::LogLevel level, const QString& text);
    void finished(const nanodit::ValidationReport& report);
    void cancelled();
    void failed(const nanodit::Notice& why);
    void listed(const std::vector<nanodit::ValidationSubject>& subjects);
    void readDone(const nanodit::ShownValidation& shown);
    void readFailed(const nanodit::Notice& why);

private:
    void setState(State state);

    Session& session_;
    State state_ = State::Idle;
    JobRunner* runner_ = nullptr; ///< Owned by the session; null while idle.
    int asked_ = 0;               ///< Reads and workspaces so far: an answer to an older read is void.
};

} // namespace nanodit
