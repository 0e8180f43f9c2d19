#include "app/validating.h"

#include "app/background_queue.h"
#include "app/job_runner.h"
#include "app/same_workspace.h"
#include "app/session.h"
#include "app/wording.h"

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Reads a report and, where the folder is not empty, its baseline. Throws DataError.
ShownValidation readValidation(const fs::path& report, const fs::path& baseline)
{
    ShownValidation shown;
    shown.report = readValidationReport(report);
    std::vector<ValidationReport> both;
    if (!baseline.empty()) {
        shown.baseline = readValidationReport(baseline);
        both.push_back(*shown.baseline);
        try {
            shown.differences = compareReports(*shown.baseline, shown.report);
        } catch (const UsageError& error) {
            shown.obstacle = errorText(error);
            shown.baseline.reset();
        }
    }
    shown.milestones = judgeMilestones(shown.report, shown.baseline ? &*shown.baseline : nullptr);
    both.push_back(shown.report);
    shown.courses = metricCourses(both);
    shown.name = QString::fromStdString(courseName(shown.report, both));
    if (shown.baseline)
        shown.baselineName = QString::fromStdString(courseName(*shown.baseline, both));
    for (const auto& one : both) {
        const auto parent = fs::absolute(one.folder).lexically_normal().parent_path();
        if (parent.filename() != "validation")
            continue;
        if (auto course = lossCourse(parent.parent_path());
            !course.points.empty() && (shown.losses.empty() || shown.losses.front().run != course.run))
            shown.losses.push_back(std::move(course));
    }
    return shown;
}

} // namespace

Validating::Validating(Session& session)
    : session_(session)
{
    connect(&session_, &Session::workspaceChanged, this, &Validating::forgetRead);
}

void Validating::start(ValidateRequest request, const QString& name)
{
    if (active())
        return;
    auto* const runner = session_.newJob(tr("Validation of %1").arg(name), Page::Validate);
    request.workspace = session_.workspace();
    request.device = session_.device();
    request.finished = [this, runner](const ValidationReport& report) {
        runner->deliver([this, report] { Q_EMIT finished(report); });
    };
    connect(runner, &JobRunner::progressed, this, &Validating::progressed);
    connect(runner, &JobRunner::logged, this, &Validating::logged);
    connect(runner, &JobRunner::failed, this, &Validating::failed);
    connect(runner, &JobRunner::stoppingChanged, this, [this] { setState(State::Stopping); });
    connect(runner, &JobRunner::finished, this, [this](JobEnd end) {
        if (end == JobEnd::Cancelled)
            Q_EMIT cancelled();
    });
    connect(runner, &JobRunner::ended, this, [this] {
        runner_ = nullptr;
        setState(State::Idle);
        list();
    });
    runner_ = runner;
    setState(State::Running);
    session_.startJob(runner, makeValidateJob(std::move(request)));
}

void Validating::cancel()
{
    if (runner_ != nullptr)
        runner_->requestStop();
}

void Validating::list()
{
    if (!session_.hasWorkspace())
        return;
    session_.readings().ask(
        this, [workspace = session_.workspace()] { return validationSubjects(listRuns(workspace)); },
        [this, same = SameWorkspace(session_)](const std::vector<ValidationSubject>& subjects) {
            if (same)
                Q_EMIT listed(subjects);
        },
        [this, same = SameWorkspace(session_)](const Notice& why) {
            if (same)
                Q_EMIT readFailed(why);
        });
}

void Validating::read(const fs::path& report, const fs::path& baseline)
{
    const int asked = ++asked_;
    session_.background().ask(
        this, [report, baseline] { return readValidation(report, baseline); },
        [this, asked](const ShownValidation& shown) {
            if (asked == asked_)
                Q_EMIT readDone(shown);
        },
        [this, asked](const Notice& why) {
            if (asked == asked_)
                Q_EMIT readFailed(why);
        });
}

void Validating::forgetRead()
{
    ++asked_;
}

void Validating::setState(State state)
{
    if (state == state_)
        return;
    state_ = state;
    Q_EMIT stateChanged();
}

} // namespace nanodit
