#include "core/validate/run_overview.h"

#include "core/config/train_config.h"
#include "core/runs/metrics_file.h"
#include "core/runs/training_time.h"
#include "core/runtime/error.h"
#include "core/sample/sample_request.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>
#include <vector>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t recent = 100; ///< Steps that the last numbers are means over.

std::uintmax_t bytesBelow(const fs::path& folder)
{
    std::uintmax_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        std::error_code none;
        if (const auto size = entry->file_size(none); !none && entry->is_regular_file(none))
            bytes += size;
    }
    return bytes;
}

void readSteps(RunOverview& overview)
{
    struct Recent {
        double loss, rate;
    };
    std::deque<Recent> last;
    std::vector<std::pair<std::int64_t, double>> losses;
    PatchBreakThrough breakThrough;
    forEachStep(overview.run.folder, [&](const StepMetrics& step) {
        overview.seconds += trainingTimeSince(last.empty() ? 0 : overview.steps, step).seconds;
        overview.steps = step.step;
        overview.skipped += step.skipped;
        losses.emplace_back(step.step, step.loss);
        breakThrough.append(step);
        last.push_back({.loss = step.loss, .rate = step.samplesPerSecond});
        if (last.size() > recent)
            last.pop_front();
    });
    overview.course = LossCourse::of(overview.run.name, losses);
    if (last.empty()) {
        // A model that was brought here without its metrics still says how far it was trained.
        if (!overview.run.checkpoints.empty())
            overview.steps = checkpointStep(overview.run.checkpoints.back().filename().string()).value_or(0);
        return;
    }
    overview.patchesBreakThrough = breakThrough.step();
    double loss = 0, rate = 0, finite = 0;
    for (const auto& step : last) {
        rate += step.rate;
        if (std::isfinite(step.loss)) {
            loss += step.loss;
            ++finite;
        }
    }
    if (finite > 0)
        overview.loss = loss / finite;
    overview.samplesPerSecond = rate / static_cast<double>(last.size());
}

void readNewestReport(RunOverview& overview)
{
    const auto subjects = validationSubjects({overview.run});
    const auto newestOf = [&subjects](bool raw) {
        return std::find_if(subjects.begin(), subjects.end(),
                            [raw](const auto& s) { return !s.report.empty() && s.raw == raw; });
    };
    auto newest = newestOf(false); // of the weights that the runs are compared by
    if (newest == subjects.end())
        newest = newestOf(true);
    if (newest == subjects.end())
        return;
    try {
        const auto report = readValidationReport(newest->report);
        overview.validatedStep = report.step;
        overview.validatedRaw = newest->raw;
        for (const auto task : report.settings.tasks) {
            if (const auto* const summary = report.find(task, keyMetric(task)))
                overview.measured.push_back(*summary);
        }
    } catch (const DataError&) { // a damaged report is no reason to show no run
    }
}

} // namespace

std::vector<RunOverview> overviewRuns(const Workspace& workspace)
{
    return overviewRuns(listRuns(workspace));
}

std::vector<RunOverview> overviewRuns(std::vector<RunInfo> runs)
{
    std::vector<RunOverview> overviews;
    for (auto& run : runs) {
        RunOverview overview;
        overview.run = std::move(run);
        try {
            overview.planned = readTrainConfig(overview.run.folder / "config.yaml").schedule.steps;
        } catch (const Error&) { // missing, or of another version: its plan is not known
        }
        readSteps(overview);
        overview.bytes = bytesBelow(overview.run.folder);
        readNewestReport(overview);
        overviews.push_back(std::move(overview));
    }
    return overviews;
}

std::vector<FieldDifference> configurationDifferences(const std::vector<RunInfo>& runs)
{
    std::vector<VisitFunction> configurations;
    for (const auto& run : runs) {
        const auto file = run.folder / "config.yaml";
        if (fs::exists(file))
            configurations.emplace_back([config = readTrainConfig(file)](FieldVisitor& v) mutable { config.visit(v); });
        else
            configurations.emplace_back();
    }
    return differences(configurations);
}

} // namespace nanodit
