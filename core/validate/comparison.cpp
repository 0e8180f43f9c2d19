#include "core/validate/comparison.h"

#include "core/runs/checkpoint_weights.h"
#include "core/runs/metrics_file.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Whether means of the two are of the same pictures, painted in the same way.
bool paintedAlike(const ValidationReport& a, const ValidationReport& b)
{
    return a.settings.paintsLike(b.settings) && a.settings.records == b.settings.records &&
           a.settings.seed == b.settings.seed;
}

bool isRaw(const ValidationReport& report)
{
    return report.weights == weightsKindNames[static_cast<std::size_t>(WeightsKind::Raw)];
}

/// The reports beside this one, itself included, by step; those that cannot be read are left out.
std::vector<ValidationReport> reportsBeside(const ValidationReport& report)
{
    std::vector<ValidationReport> found = {report};
    std::error_code error;
    const auto own = fs::absolute(report.folder).lexically_normal();
    if (own.parent_path().filename() == "validation") {
        for (const auto& entry : fs::directory_iterator(own.parent_path(), error)) {
            if (entry.path() == own || !fs::exists(entry.path() / "report.json"))
                continue;
            try {
                auto other = readValidationReport(entry.path());
                if (!paintedAlike(report, other) || other.step == report.step || isRaw(other) != isRaw(report))
                    continue;
                if (other.lpips != report.lpips) // of another network
                    std::erase_if(other.summaries, [](const auto& summary) { return summary.metric == "lpips"; });
                found.push_back(std::move(other));
            } catch (const DataError&) { // a damaged report is no reason to show no curve
            }
        }
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
    return found;
}

/// runs/NAME of a report in runs/NAME/validation/STEP; empty for one that lies elsewhere.
fs::path runFolderOf(const ValidationReport& report)
{
    const auto parent = fs::absolute(report.folder).lexically_normal().parent_path();
    return parent.filename() == "validation" ? parent.parent_path() : fs::path();
}

/// One report a run, or of each kind of a run's weights: the curves are the same for all other reports of it.
std::vector<const ValidationReport*> onePerRun(const std::vector<ValidationReport>& reports, bool byWeights)
{
    std::vector<const ValidationReport*> chosen;
    std::set<std::pair<fs::path, bool>> seen;
    for (const auto& report : reports) {
        const auto run = runFolderOf(report);
        if (run.empty() || seen.insert({run, byWeights && isRaw(report)}).second)
            chosen.push_back(&report);
    }
    return chosen;
}

std::string rawMark(const ValidationReport& report, const std::vector<ValidationReport>& all)
{
    return isRaw(report) && !std::all_of(all.begin(), all.end(), isRaw) ? ", raw weights" : "";
}

} // namespace

std::string RunComparison::nameOf(std::size_t index) const
{
    const auto& report = reports[index];
    const auto sameRun =
        std::count_if(reports.begin(), reports.end(), [&](const auto& other) { return other.run == report.run; });
    const auto name = sameRun < 2 ? report.run : report.run + ", step " + std::to_string(report.step);
    return name + rawMark(report, reports);
}

std::string courseName(const ValidationReport& report, const std::vector<ValidationReport>& all)
{
    return report.run + rawMark(report, all);
}

std::vector<MetricCourse> metricCourses(const std::vector<ValidationReport>& reports)
{
    struct Run {
        std::string name;
        std::vector<ValidationReport> reports;
    };
    std::vector<Run> runs;
    for (const auto* report : onePerRun(reports, true))
        runs.push_back({.name = courseName(*report, reports), .reports = reportsBeside(*report)});
    std::vector<MetricCourse> courses;
    for (std::size_t task = 0; task < validationTaskNames.size(); ++task) {
        for (const auto& metric : validationMetrics()) {
            for (const auto& run : runs) {
                MetricCourse course{
                    .run = run.name, .task = static_cast<ValidationTask>(task), .metric = metric.name, .points = {}};
                for (const auto& report : run.reports) {
                    if (const auto* const summary = report.find(course.task, metric.name))
                        course.points.push_back(
                            {.step = report.step, .mean = summary->mean, .interval = summary->interval});
                }
                if (!course.points.empty())
                    courses.push_back(std::move(course));
            }
        }
    }
    return courses;
}

LossCourse lossCourse(const fs::path& runFolder)
{
    std::vector<std::pair<std::int64_t, double>> losses;
    forEachStep(runFolder, [&losses](const StepMetrics& step) { losses.emplace_back(step.step, step.loss); });
    return LossCourse::of(runFolder.filename().string(), losses);
}

LossCourse LossCourse::of(const std::string& run, const std::vector<std::pair<std::int64_t, double>>& losses,
                          std::size_t most)
{
    LossCourse course{.run = run, .points = {}};
    const auto window = std::max<std::size_t>(1, (losses.size() + most - 1) / most);
    double sum = 0;
    std::size_t finite = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        const auto& [step, loss] = losses[i];
        if (std::isfinite(loss)) {
            sum += loss;
            ++finite;
        }
        if ((i + 1) % window != 0 && i + 1 != losses.size())
            continue;
        if (finite > 0)
            course.points.push_back({.step = step, .mean = sum / static_cast<double>(finite), .interval = {}});
        sum = 0;
        finite = 0;
    }
    return course;
}

RunComparison compareRuns(const std::vector<fs::path>& reportFolders)
{
    if (reportFolders.size() < 2)
        throw UsageError("a comparison needs two validated runs at least");
    RunComparison comparison;
    for (const auto& folder : reportFolders)
        comparison.reports.push_back(readValidationReport(folder));
    for (std::size_t i = 1; i < comparison.reports.size(); ++i)
        comparison.differences.push_back(compareReports(comparison.reports.front(), comparison.reports[i]));
    comparison.courses = metricCourses(comparison.reports);
    for (const auto* report : onePerRun(comparison.reports, false)) {
        if (const auto run = runFolderOf(*report); !run.empty()) {
            if (auto course = lossCourse(run); !course.points.empty())
                comparison.losses.push_back(std::move(course));
        }
    }
    return comparison;
}

} // namespace nanodit
