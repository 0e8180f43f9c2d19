#pragma once

/// Validation: the suite, its report, and how two reports compare.

#include "core/config/workspace_config.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"
#include "core/sample/sample_request.h"
#include "core/validate/bootstrap.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nanodit {

/// The suite's tasks (design.md section 9).
enum class ValidationTask {
    Reconstruction,   ///< Text, CLS and patches of a record: is it that picture?
    DinoSwap,         ///< Text of one record, CLS and patches of another: whose layout is it?
    TextOnly,         ///< Null CLS and patches: does the text alone paint?
    TextManipulation, ///< Reconstruction with one colour word changed: does the text still count?
    TextOverDino,     ///< The same with more guidance by text than by DINO: can it win?
    RegionEdit        ///< One thing's word changed and its patches erased: is it obeyed there, and the rest kept?
};
inline constexpr std::array<const char*, 6> validationTaskNames = {
    "reconstruction", "dino_swap", "text_only", "text_manipulation", "text_over_dino", "region_edit"};
std::string validationTaskList();                               ///< "reconstruction, dino_swap, ..."
ValidationTask validationTaskFromName(const std::string& name); ///< Throws UsageError.

enum class Better { Lower, Higher, Unknown };

/// What a number says. Names are keys of reports.
struct MetricInfo {
    std::string name;  ///< "dino_distance"
    std::string label; ///< "DINO-patch distance"
    std::string help;  ///< One sentence: what it is, its range or unit.
    Better better = Better::Lower;
    int decimals = 3;
    std::string unit = {}; ///< "dB"; "" for shares, cosines and the like.
};
/// Every metric of the suite, in the order of reports.
const std::vector<MetricInfo>& validationMetrics();
/// Of a name that is not among them (a report of another version may have any) one that is labelled by its name and
/// says of no change whether it is for the better.
MetricInfo metricInfo(const std::string& name);
/// The metric that pictures of a task are sorted by when nothing else is asked for.
std::string keyMetric(ValidationTask task);

struct ValidationSettings {
    std::vector<ValidationTask> tasks = {ValidationTask::Reconstruction, ValidationTask::DinoSwap,
                                         ValidationTask::TextOnly,       ValidationTask::TextManipulation,
                                         ValidationTask::TextOverDino,   ValidationTask::RegionEdit};
    std::int64_t records = 24; ///< First ones of the validation split, by id.
    std::int64_t steps = 20;   ///< Of the sampler.
    double shift = 1.0;
    bool shiftByBucket = false; ///< shift is multiplied by sqrt(C H W / 4096) of the latent, as FlowConfig has it.
    double textScale = 2.0, dinoScale = 2.0;
    GuidanceMode guidance = GuidanceMode::Additive;
    std::uint64_t seed = 0; ///< Record i of the list starts from the noise of seed + i.

    bool operator==(const ValidationSettings&) const = default;
    /// Whether one record's picture is painted in the same way: in the same steps, with the same shift and guidance.
    bool paintsLike(const ValidationSettings& other) const;
};

/// One painted picture and what was measured of it.
struct ValidationPicture {
    ValidationTask task = ValidationTask::Reconstruction;
    std::string record; ///< Whose text it was given.
    std::string other;  ///< Whose CLS and patches, where those are another's.
    std::string caption;
    std::uint64_t seed = 0;
    std::string file;      ///< Relative to the report's folder.
    std::string unchanged; ///< The picture painted from the same noise without the change; empty where there is none.
    std::vector<std::int64_t> erasedPatches; ///< Row by row.
    std::string nearest; ///< TextOnly: the training picture that it is most like; empty where that is not known.
    std::map<std::string, double> values;
};

/// A metric over the pictures of a task. Interval: 95 %, bootstrap over pictures; none for one number over a set.
struct MetricSummary {
    ValidationTask task = ValidationTask::Reconstruction;
    std::string metric;
    double mean = 0;
    std::optional<Interval> interval;
    std::int64_t n = 0;
};

/// A line of the check list that the suite fills in.
struct Milestone {
    enum class State { Met, Missed, Unknown };
    std::string name;
    State state = State::Unknown;
    std::string found, expected;
};

struct ValidationReport {
    std::filesystem::path folder; ///< Holds report.json, report.html, pictures/ and originals/.
    std::string run;              ///< "" when the checkpoint lies in no run.
    std::int64_t step = 0;
    std::string checkpoint, model; ///< Its path, and "demo-run, step 2000, EMA, 9.0 M parameters".
    std::string weights;           ///< "ema", "raw", or the name of a weights file; "" in reports of earlier versions.
    ValidationSettings settings;
    std::string lpips;    ///< "alex", "vgg", "squeeze"; "" when there are no weights.
    std::string baseline; ///< Folder of the report that milestones compare with; "" for none.
    std::vector<MetricSummary> summaries;
    std::vector<ValidationPicture> pictures;
    std::vector<Milestone> milestones;
    std::vector<std::string> notes; ///< What is missing, and why.
    std::int64_t skippedSteps = 0;  ///< Of the run up to the checkpoint: not finite.
    std::optional<double> loss;     ///< Mean of the run's last hundred steps up to the checkpoint.

    const MetricSummary* find(ValidationTask task, const std::string& metric) const;
};

struct ValidateRequest {
    Workspace workspace;
    std::filesystem::path checkpoint; ///< A checkpoint folder or a weights file beside a state.json.
    /// Where the report goes; empty: validation/<checkpoint's name> in its run. A stopped validation with the same
    /// settings goes on there; a finished one is given back as it is.
    std::filesystem::path folder;
    bool overwrite = false;         ///< Start again, whatever was validated there.
    bool replaceOther = false;      ///< Start again if settings or weights differ; else go on.
    std::filesystem::path baseline; ///< A report's folder to compare with; empty: none.
    std::filesystem::path lpips;    ///< Folder with LPIPS weights; empty: the workspace's lpips, if any.
    std::string lpipsNet = "alex";
    ValidationSettings settings;
    ComputeChoice device;
    std::function<void(const ValidationReport&)> finished = [](const auto&) {};
};

/// Fills in the check list; `baseline` may be null.
std::vector<Milestone> judgeMilestones(const ValidationReport& report, const ValidationReport* baseline);
/// Indices of a task's pictures, the worst by `metric` first; those that lack it come last.
std::vector<std::size_t> worstFirst(const ValidationReport& report, ValidationTask task, const std::string& metric);
/// The bucket image of a picture's `nearest`, relative to the report's folder.
std::string nearestFile(const ValidationPicture& picture);
/// What a picture is shown beside, relative to the report's folder: an original, or for an edit with all else alike the
/// picture without it.
std::string referenceFile(const ValidationPicture& picture);
/// RFC 4180: a line a picture, a column a metric; what a picture does not have is empty.
std::string picturesAsCsv(const ValidationReport& report);

/// A finished report. Throws DataError when the folder holds none, or one that is not ours.
ValidationReport readValidationReport(const std::filesystem::path& folder);
/// Folders of all reports of the workspace's runs, by run and step.
std::vector<std::filesystem::path> listValidationReports(const Workspace& workspace);

/// The means of a report as the metrics of its run name them: "reconstruction/ssim", of raw weights beside an average
/// "raw/reconstruction/ssim".
std::vector<std::pair<std::string, double>> meansOf(const ValidationReport& report);

/// Another report's metric against the first one's, over the pictures that both have.
struct MetricDifference {
    ValidationTask task = ValidationTask::Reconstruction;
    std::string metric;
    double first = 0, other = 0;
    double difference = 0;            ///< other - first
    std::optional<Interval> interval; ///< 95 %, bootstrap over pairs of pictures; none for one number over a set.
    std::int64_t n = 0;
    /// 1: the interval lies on the better side of 0; -1: on the worse; 0: it holds 0, or there is none.
    int verdict = 0;
};
/// Pairs are the same task, record, reference and seed. Throws UsageError when settings differ in what decides
/// pictures.
std::vector<MetricDifference> compareReports(const ValidationReport& first, const ValidationReport& other);

} // namespace nanodit
