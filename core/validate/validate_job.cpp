#include "core/validate/validate_job.h"

#include "core/encoders/encoder_info.h"
#include "core/inspect/inspection.h"
#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/io/image.h"
#include "core/io/presence.h"
#include "core/io/sha256.h"
#include "core/preprocess/derived_array.h"
#include "core/preprocess/workspace_state.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runs/metrics_file.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/runtime/number_text.h"
#include "core/sample/sampling_session.h"
#include "core/train/draws.h"
#include "core/validate/bootstrap.h"
#include "core/validate/learnt_measures.h"
#include "core/validate/measures.h"
#include "core/validate/patch_metrics.h"
#include "core/validate/report_file.h"
#include "core/validate/validation.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace nanodit {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// The fewest pictures a Fréchet distance is worth telling for.
constexpr std::size_t fewestForFrechet = 16;

/// Below the run's checkpoints: the run's folder.
std::optional<fs::path> runFolderOf(const fs::path& checkpoint)
{
    const auto report = validationFolder(checkpoint);
    return report.empty() ? std::nullopt : std::optional(report.parent_path().parent_path());
}

/// Whether what pictures are painted by is there, of whatever version.
bool hasConditions(const RecordInfo& record, const Workspace& workspace)
{
    constexpr std::array kinds = {ArrayKind::T5, ArrayKind::DinoCls, ArrayKind::DinoPatches};
    return std::ranges::all_of(kinds,
                               [&](ArrayKind kind) { return isPresentFile(arrayFile(workspace, kind, record.id)); });
}

/// Takes out validation records that wait for their passes, as those that are imported while a run trains do; gives
/// how many. Where all wait they stay, and reading the first says what to do.
std::size_t leaveOutWaiting(std::vector<RecordInfo>& records, const Workspace& workspace)
{
    const auto isCandidate = [](const RecordInfo& record) { return record.split == "val" && record.excluded.empty(); };
    const bool anyReady = std::ranges::any_of(
        records, [&](const RecordInfo& record) { return isCandidate(record) && hasConditions(record, workspace); });
    if (!anyReady)
        return 0;
    return std::erase_if(
        records, [&](const RecordInfo& record) { return isCandidate(record) && !hasConditions(record, workspace); });
}

class Validation {
public:
    Validation(const ValidateRequest& request, const KnownTruth& truth, const JobContext& context)
        : request_(request)
        , truth_(truth)
        , context_(context)
        , checkpoint_(fs::absolute(request.checkpoint).lexically_normal())
    {
    }

    JobEnd run()
    {
        if (request_.settings.records < 1 || request_.settings.steps < 1 || request_.settings.tasks.empty())
            throw UsageError("a validation needs a task, a record and a sampler step at least");
        if (checkpoint_.filename().empty())
            checkpoint_ = checkpoint_.parent_path();
        chooseFolder();
        std::optional<ValidationReport> baseline;
        if (!request_.baseline.empty())
            baseline = readValidationReport(request_.baseline);
        RegionChanges regionChanges;
        if (truth_.regionChange)
            regionChanges = [this](const RecordInfo& record, std::size_t number) {
                return truth_.regionChange(request_.workspace, record, number);
            };
        auto records = listRecords(request_.workspace, Look::Catalog);
        const auto waiting = leaveOutWaiting(records, request_.workspace);
        plan_ = planValidation(records, request_.settings, regionChanges);
        if (waiting > 0)
            plan_.notes.push_back("The validation leaves out " + counted(static_cast<std::int64_t>(waiting), "record") +
                                  " whose text or DINO arrays are not made yet.");
        describe();
        if (auto whole = beginOrGoOn()) {
            if (baseline) {
                whole->baseline = fs::absolute(request_.baseline).string();
                whole->milestones = judgeMilestones(*whole, &*baseline);
                write(*whole);
            }
            request_.finished(*whole);
            return JobEnd::Finished;
        }
        if (!paint() || !measure())
            return JobEnd::Cancelled;
        report_.milestones = judgeMilestones(report_, baseline ? &*baseline : nullptr);
        write(report_);
        request_.finished(report_);
        return JobEnd::Finished;
    }

private:
    void chooseFolder()
    {
        report_.folder = request_.folder;
        if (!report_.folder.empty())
            return;
        report_.folder = validationFolder(checkpoint_);
        if (report_.folder.empty())
            throw UsageError(checkpoint_.string() +
                                 " is not in the checkpoints folder of a run, so there is no place for the report",
                             remedy::ChooseFolder{});
    }

    /// What the report says of the checkpoint and its run.
    void describe()
    {
        const auto state = readCheckpointState(checkpointFolder(checkpoint_));
        const auto weights = weightsFile(checkpoint_);
        const auto kind = weightsKindOf(weights);
        report_.weights = kind ? weightsKindNames[static_cast<std::size_t>(*kind)] : weights.filename().string();
        compute_ = makeCompute(request_.device, state.config.arithmetic());
        report_.run = state.run;
        report_.step = state.step;
        report_.checkpoint = checkpoint_.string();
        report_.settings = request_.settings;
        report_.notes = plan_.notes;
        if (!request_.baseline.empty())
            report_.baseline = fs::absolute(request_.baseline).string();
        if (const auto run = runFolderOf(checkpoint_); run && fs::exists(*run / "metrics.jsonl")) {
            const auto steps = stepsSoFar(*run, state.step);
            report_.skippedSteps = steps.skipped;
            report_.loss = steps.recentLoss;
        }
        lpipsFolder_ = !request_.lpips.empty() ? request_.lpips
                       : !request_.workspace.config.lpips.empty()
                           ? request_.workspace.path(request_.workspace.config.lpips)
                           : fs::path();
        if (!lpipsFolder_.empty()) {
            lpips_ = Lpips::load(lpipsFolder_, lpipsNetFromName(request_.lpipsNet), {.device = compute_.device});
            report_.lpips = request_.lpipsNet;
        } else {
            report_.notes.push_back(
                "LPIPS was not measured because the workspace settings name no weights for it (encoders.lpips). "
                "DINO-patch distance takes its place.");
        }
    }

    /// All that decides the pictures and their numbers. No paths and no times: a workspace can be moved and copied.
    Json identity() const
    {
        auto files = Json::array();
        for (const auto& picture : plan_.pictures) {
            files.push_back({picture.file(), picture.other ? picture.other->id : "",
                             picture.change ? picture.change->caption : picture.record.caption});
            if (picture.region)
                files.back().push_back(picture.region->patches);
        }
        Json identity = {{"step", report_.step},
                         {"weights", sha256OfFile(weightsFile(checkpoint_))},
                         {"settings", toJson(request_.settings)},
                         {"lpips", report_.lpips},
                         {"pictures", files}};
        if (compute_.precision != Precision::Float32)
            identity["precision"] = nameOf(compute_.precision);
        return identity;
    }

    /// The finished report, where one of the same plan lies there.
    std::optional<ValidationReport> beginOrGoOn()
    {
        const auto file = report_.folder / "plan.json";
        removeAbandonedTemporaries(report_.folder);         // a kill may have left no more than the plan's
        const auto wanted = dumpForeignJson(identity(), 1); // paths may be no UTF-8: compared as they are written
        if (fs::exists(file)) {
            const bool same = Json::parse(readTextFile(file), nullptr, false) == Json::parse(wanted);
            if (!same && !request_.overwrite && !request_.replaceOther)
                throw DataError(report_.folder.string() + " holds a validation with other settings or of other weights",
                                remedy::ReplaceValidation{});
            if (same && !request_.overwrite) {
                if (auto whole = finishedReport())
                    return whole;
            } else {
                removeOld();
            }
        } else if (fs::exists(report_.folder) && !fs::is_empty(report_.folder)) {
            throw DataError(report_.folder.string() + " is not empty and holds no validation: choose another folder");
        }
        makeFolder(report_.folder);
        writeFileAtomically(file, wanted + "\n"); // first: by it the folder is known again after a kill or a full disk
        std::set<fs::path> folders = {report_.folder / "originals"};
        for (const auto& picture : plan_.pictures)
            folders.insert((report_.folder / picture.file()).parent_path());
        for (const auto& folder : folders) {
            makeFolder(folder);
            removeAbandonedTemporaries(folder);
        }
        return std::nullopt;
    }

    /// Empty when there is none; one that is damaged is measured again from the pictures.
    std::optional<ValidationReport> finishedReport() const
    {
        if (!fs::exists(report_.folder / "report.json"))
            return std::nullopt;
        try {
            return readValidationReport(report_.folder);
        } catch (const DataError& error) {
            context_.warn(std::string(error.what()) + "; it is being made again");
            return std::nullopt;
        }
    }

    static void makeFolder(const fs::path& folder)
    {
        std::error_code error;
        fs::create_directories(folder, error);
        if (error)
            throw StoreError("the folder " + folder.string() + " could not be created: " + error.message(),
                             remedy::ChooseFolder{});
    }

    /// The parts that this job writes, and nothing else; last the one that the folder is known by.
    void removeOld() const
    {
        for (const auto* part :
             {"report.json", "report.html", "pictures.csv", "pictures", "originals", "nearest", "plan.json"})
            fs::remove_all(report_.folder / part);
    }

    /// Whether a picture was painted before. One that somebody damaged since is painted again.
    bool painted(const PlannedPicture& picture) const
    {
        const auto file = report_.folder / picture.file();
        if (!fs::exists(file))
            return false;
        try {
            return readImage(file).size == picture.record.bucket;
        } catch (const DataError& error) {
            context_.warn(std::string(error.what()) + "; it is being generated again");
            return false;
        }
    }

    /// Of a picture of this size.
    double shiftOf(ImageSize size, std::int64_t channels) const
    {
        const auto latent = latentTokenGrid(size, autoencoderFactor(request_.workspace), 1); // its pixels
        FlowConfig flow;
        flow.shift = request_.settings.shift;
        flow.shiftByBucket = request_.settings.shiftByBucket;
        return shiftFor(flow, {channels, latent.rows, latent.cols});
    }

    /// False when stopped. Pictures that are there are left alone.
    bool paint()
    {
        const auto total = static_cast<std::int64_t>(plan_.pictures.size());
        ProgressMeter meter(context_, Stage::GeneratingPictures, total, Unit::Pictures);
        std::vector<const PlannedPicture*> missing;
        for (const auto& picture : plan_.pictures) {
            if (!painted(picture))
                missing.push_back(&picture);
        }
        meter.skip(total - static_cast<std::int64_t>(missing.size()));
        const auto session = SamplingSession::open(request_.workspace, checkpoint_, request_.device);
        report_.model = session->description();
        JobContext quiet = context_;
        quiet.report = [](const Progress&) {};
        bool warned = false;
        for (const auto* picture : missing) {
            if (context_.shouldStop())
                return false;
            auto asked = picture->request(request_.settings);
            asked.shift = shiftOf(asked.size, session->model().latentChannels);
            const auto result = session->sample(asked, quiet, [](const SamplePreview&) {});
            if (!result)
                return false;
            if (!std::exchange(warned, true)) {
                for (const auto& warning : result->warnings)
                    context_.warn(warning);
            }
            writePng(report_.folder / picture->file(), result->picture, result->settings);
            meter.advance();
        }
        return true;
    }

    bool measure()
    {
        Measures measures(request_.workspace, lpips_, truth_.measure, compute_);
        ProgressMeter meter(context_, Stage::MeasuringPictures, static_cast<std::int64_t>(plan_.pictures.size()),
                            Unit::Pictures);
        std::set<std::string> compared; // files
        for (const auto& planned : plan_.pictures)
            compared.insert(planned.unchanged);
        const auto see = [&](const std::string& file) { return measures.see(readImage(report_.folder / file)); };
        Recent<SeenPicture> unchanged{seenPicturesKept}; // by file
        std::map<ValidationTask, std::vector<at::Tensor>> features;
        for (const auto& record : plan_.records) {
            if (context_.shouldStop())
                return false;
            writePng(report_.folder / originalFile(record.id), measures.original(record).picture);
        }
        for (const auto& planned : plan_.pictures) {
            if (context_.shouldStop())
                return false;
            auto seen = see(planned.file());
            if (planned.reported) {
                const auto* before = unchanged.find(planned.unchanged);
                if (before == nullptr && !planned.unchanged.empty())
                    before = &unchanged.keep(planned.unchanged, see(planned.unchanged));
                report_.pictures.push_back(
                    {.task = planned.task,
                     .record = planned.record.id,
                     .other = planned.other ? planned.other->id : "",
                     .caption = planned.change ? planned.change->caption : planned.record.caption,
                     .seed = planned.seed,
                     .file = planned.file(),
                     .unchanged = planned.unchanged,
                     .erasedPatches = planned.region ? planned.region->patches : std::vector<std::int64_t>{},
                     .nearest = {},
                     .values = measures.measure(planned, seen, before, plan_.records)});
                features[planned.task].push_back(seen.cls);
            }
            if (compared.contains(planned.file()))
                unchanged.keep(planned.file(), std::move(seen));
            meter.advance();
        }
        const auto textOnly = features.find(ValidationTask::TextOnly);
        if (!addConditionWorth(report_, request_.workspace, checkpoint_, compute_, context_) ||
            (textOnly != features.end() &&
             !addNearestTraining(report_, request_.workspace, checkpoint_, measures, textOnly->second, context_)))
            return false;
        leaveOutNonFinite();
        summarise(measures, features);
        return true;
    }

    /// Such numbers, which a model that diverged gives, have no mean and no place in JSON.
    void leaveOutNonFinite()
    {
        std::size_t count = 0;
        for (auto& picture : report_.pictures)
            count += std::erase_if(picture.values, [](const auto& value) { return !std::isfinite(value.second); });
        if (count > 0)
            report_.notes.push_back(counted(static_cast<std::int64_t>(count), "number") +
                                    " of pictures that were not finite are left out: the model may have diverged.");
    }

    void summarise(Measures& measures, const std::map<ValidationTask, std::vector<at::Tensor>>& features)
    {
        std::vector<at::Tensor> originals;
        for (const auto& record : plan_.records)
            originals.push_back(measures.originalCls(record));
        for (const auto task : request_.settings.tasks) {
            for (const auto& metric : validationMetrics()) {
                std::vector<double> values;
                for (const auto& picture : report_.pictures) {
                    const auto found = picture.values.find(metric.name);
                    if (picture.task == task && found != picture.values.end())
                        values.push_back(found->second);
                }
                if (values.empty())
                    continue;
                double sum = 0;
                for (const auto value : values)
                    sum += value;
                report_.summaries.push_back({.task = task,
                                             .metric = metric.name,
                                             .mean = sum / static_cast<double>(values.size()),
                                             .interval = bootstrapInterval(values),
                                             .n = static_cast<std::int64_t>(values.size())});
            }
            const auto painted = features.find(task);
            const bool wholePictures = task == ValidationTask::Reconstruction || task == ValidationTask::TextOnly;
            if (wholePictures && painted != features.end() && painted->second.size() >= fewestForFrechet)
                report_.summaries.push_back({.task = task,
                                             .metric = "frechet_dino",
                                             .mean = frechetDistance(at::stack(painted->second), at::stack(originals)),
                                             .interval = {},
                                             .n = static_cast<std::int64_t>(painted->second.size())});
        }
    }

    void write(const ValidationReport& report) const
    {
        writeReportPage(report, report.folder / "report.html");
        writeFileAtomically(report.folder / "pictures.csv", picturesAsCsv(report));
        writeFileAtomically(report.folder / "report.json", dumpForeignJson(toJson(report), 1) + "\n");
    }

    const ValidateRequest& request_;
    const KnownTruth& truth_;
    const JobContext& context_;
    fs::path checkpoint_, lpipsFolder_;
    Compute compute_;
    std::optional<Lpips> lpips_;
    ValidationPlan plan_;
    ValidationReport report_;
};

} // namespace

std::unique_ptr<Job> makeValidateJobWith(ValidateRequest request, KnownTruth truth)
{
    return makeJob([request = std::move(request), truth = std::move(truth)](const JobContext& context) {
        return Validation(request, truth, context).run();
    });
}

} // namespace nanodit
