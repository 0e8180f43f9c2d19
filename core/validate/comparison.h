#pragma once

/// Comparison of runs. Part of the engine's front: free of torch types.

#include "core/inspect/inspection.h"
#include "core/validate/bootstrap.h"
#include "core/validate/validation.h"

namespace nanodit {

/// A metric of a run at one validated step.
struct CoursePoint {
    std::int64_t step = 0;
    double mean = 0;
    std::optional<Interval> interval;
};
/// A metric over the validated steps of a run.
struct MetricCourse {
    std::string run; ///< As courseName() calls it.
    ValidationTask task = ValidationTask::Reconstruction;
    std::string metric;
    std::vector<CoursePoint> points; ///< By step.
};
/// The loss over a run's steps, thinned out: each point is the mean since the point before.
struct LossCourse {
    std::string run;
    std::vector<CoursePoint> points; ///< Without intervals.

    /// Of all steps and their losses, in order; at most `most` points.
    static LossCourse of(const std::string& run, const std::vector<std::pair<std::int64_t, double>>& losses,
                         std::size_t most = 160);
};

/// Validated runs; the others are compared with the first.
struct RunComparison {
    std::vector<ValidationReport> reports;
    std::vector<std::vector<MetricDifference>> differences; ///< Of reports[i + 1] against the first.
    std::vector<MetricCourse> courses;                      ///< By metric, then by run.
    std::vector<LossCourse> losses;

    /// What to call a report here: its run, with the step where a run occurs twice, and "raw weights" where not all are
    /// of these.
    std::string nameOf(std::size_t report) const;
};

/// Reads the reports in these folders, at least two, and the other reports and metrics of their runs. Throws DataError
/// for a folder without a report, UsageError for reports that do not compare.
RunComparison compareRuns(const std::vector<std::filesystem::path>& reportFolders);

/// What the course of a report's run is called beside those of the others: "mine", or "mine, raw weights" where not all
/// of them are of raw weights.
std::string courseName(const ValidationReport& report, const std::vector<ValidationReport>& all);
/// How the metrics of these reports went over the steps of their runs: from every report beside them of the same
/// weights whose pictures were painted with the same settings.
std::vector<MetricCourse> metricCourses(const std::vector<ValidationReport>& reports);
/// Reads all that the run recorded. Empty for a folder without metrics.
LossCourse lossCourse(const std::filesystem::path& runFolder);

/// A self-contained page, light or dark as the browser prefers (differences with intervals, curves, pictures side by
/// side), and the same numbers as JSON beside it, with the page's name and .json. Throws StoreError, and DataError for
/// a picture that is gone.
void writeComparison(const RunComparison& comparison, const std::filesystem::path& page);

} // namespace nanodit
