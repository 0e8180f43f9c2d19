#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/config/yaml.h"
#include "core/demo/scene_edit.h"
#include "core/experiment/answers.h"
#include "core/experiment/experiment.h"
#include "core/experiment/misaligned_data.h"
#include "core/experiment/model_numbers.h"
#include "core/experiment/report_files.h"
#include "core/experiment/work_claim.h"
#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/preprocess/workspace_state.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/metrics_file.h"
#include "core/runs/run_lock.h"
#include "core/runs/step_metrics.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/train/train_job.h"
#include "core/validate/interval_validation.h"
#include "core/validate/report_file.h"
#include "core/validate/validate_job.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// Steps between checkpoints: what a killed training loses at most.
constexpr std::int64_t saveEvery = 100;
/// Validation records whose attention is looked at.
constexpr std::size_t attentionRecords = 8;
/// Scenes on a sheet.
constexpr std::size_t sheetScenes = 6;

struct Model {
    std::string arm;
    std::int64_t seed = 1;
    std::string name() const { return arm + "-seed" + std::to_string(seed); }
};

/// As the plan's file holds it: where texts are no UTF-8, what is read from there is not what was written.
Json asWritten(const Json& json)
{
    return Json::parse(dumpForeignJson(json, -1));
}

/// Whether anything lies where a run keeps its checkpoints, whole or not. Throws StoreError where that cannot be seen:
/// an error of the file system must not pass for a run without any.
bool mayHoldCheckpoint(const fs::path& runFolder)
{
    const auto folder = runFolder / "checkpoints";
    removeAbandonedTemporaries(folder); // one may get its name back
    std::error_code error;
    const fs::directory_iterator entries(folder, error);
    if (error == std::errc::no_such_file_or_directory)
        return false;
    if (error)
        throw StoreError("it is not known whether " + folder.string() + " holds checkpoints (" + error.message() +
                         "): check its disk or network, then run it again");
    return std::any_of(begin(entries), end(entries), [](const fs::directory_entry& entry) {
        return !entry.path().filename().string().starts_with('.'); // as what is being written does
    });
}

class Experiment {
public:
    Experiment(const ExperimentRequest& request, const JobContext& context)
        : request_(request)
        , context_(context)
        , validation_(request.validation)
        , folder_(
              fs::absolute(request.folder.empty() ? request.workspace.root / "experiments" / name() : request.folder)
                  .lexically_normal())
        , arms_(isSweep() ? std::vector<std::string>{} : request.arms)
    {
        if (arms_.empty()) {
            for (const auto& arm : isSweep() ? request.sweep : patchesVsClsArms())
                arms_.push_back(arm.name);
        }
    }

    JobEnd run()
    {
        if (request_.seeds < 1)
            throw UsageError("an experiment needs a seed at least");
        for (auto arm = arms_.begin(); arm != arms_.end(); ++arm) {
            if (std::find(arms_.begin(), arm, *arm) != arm)
                throw UsageError("the arm \"" + *arm + "\" occurs twice: give each a name of its own");
        }
        if (isSweep() && arms_.size() < 2 && !request_.reportOnly)
            throw UsageError("a sweep of the arm \"" + arms_.front() +
                             "\" alone has nothing to compare it with: name at least two arms, of which the first is "
                             "what the others are compared with");
        for (std::int64_t seed = 1; seed <= request_.seeds; ++seed) { // Seed by seed: what is finished compares.
            for (const auto& arm : arms_)
                models_.push_back({.arm = isSweep() ? arm : experimentArm(arm).name, .seed = seed});
        }
        for (const auto& model : models_) // what cannot be trained is told before anything is
            configOf(model);
        if (!begin() || (!request_.reportOnly && (!prepareData() || !makeModels())))
            return JobEnd::Cancelled;
        report();
        return JobEnd::Finished;
    }

private:
    bool isSweep() const { return !request_.sweep.empty(); }
    std::string name() const { return isSweep() ? "sweep" : "patches-vs-cls"; }

    TrainConfig configOf(const Model& model) const
    {
        const auto own = std::ranges::find(request_.sweep, model.arm, &ExperimentArm::name);
        auto config = own == request_.sweep.end() ? armConfig(model.arm, model.seed, request_.config)
                                                  : sweepConfig(*own, model.seed, request_.config);
        config.saving.every = std::min(config.saving.every, saveEvery);
        return config;
    }

    /// False when stopped. One process at a time: each may enter arms that the others do not know.
    bool begin()
    {
        bool entered = false;
        return shareWork(
            {"plan"}, folder_ / "claims", [&entered](std::size_t) { return entered; },
            [&](std::size_t) {
                enterPlan();
                entered = true;
                return true;
            },
            context_);
    }

    Json plan() const
    {
        auto shared = request_.config;
        shared.seed = 0; // Set by the experiment.
        const Json json = {
            {"format", 2}, {"experiment", name()}, {"config", toYaml(shared)}, {"validation", toJson(validation_)}};
        return asWritten(json);
    }

    /// Refuses to mix models that were trained or painted differently.
    void enterPlan()
    {
        auto wanted = plan();
        const auto file = folder_ / "plan.json";
        fs::create_directories(folder_);
        removeAbandonedTemporaries(folder_);
        const auto stored = fs::exists(file) ? Json::parse(readTextFile(file), nullptr, false) : Json();
        if (!stored.is_null() && !isSame(stored, wanted, file.string())) {
            // Versions before validated with a shift of 1, whatever models were trained with: it goes on so.
            validation_.shift = ValidationSettings().shift;
            validation_.shiftByBucket = false;
            wanted = plan();
        }
        if (!stored.is_null() && !isSame(stored, wanted, file.string()))
            throw DataError(folder_.string() +
                                " holds an experiment with another configuration or validation (plan.json)",
                            remedy::ChooseFolder{.orSameSettings = true});
        if (isSweep())
            wanted["arms"] = armsOfPlan(stored);
        if (stored.is_null() || (isSweep() && stored != wanted))
            writeFileAtomically(file, dumpForeignJson(wanted, 1) + "\n");
    }

    /// Those that the sweep has had, and ours. An arm keeps its settings: its models may be there.
    Json armsOfPlan(const Json& stored) const
    {
        auto arms = stored.contains("arms") ? stored["arms"] : Json::object();
        for (const auto& arm : request_.sweep) {
            const auto settings = asWritten(arm.settings);
            const auto name = printableText(arm.name);
            if (arms.contains(name) && arms[name] != settings)
                throw DataError("the arm \"" + arm.name + "\" of the sweep in " + folder_.string() +
                                    " was started with " + arms[name].dump() + ", not with " + settings.dump() +
                                    ": give it another name, or another folder",
                                remedy::ChooseFolder{.orSameSettings = true});
            arms[name] = settings;
        }
        return arms;
    }

    /// Settings that a plan of an earlier version does not name had their defaults.
    static bool isSame(const Json& stored, const Json& wanted, const std::string& file)
    {
        try {
            if (stored.at("format") != wanted.at("format") || stored.at("experiment") != wanted.at("experiment"))
                return false;
            for (const auto& [key, value] : stored.at("validation").items()) {
                if (wanted.at("validation").at(key) != value)
                    return false;
            }
            const auto configOfPlan = [&file](const Json& plan) {
                return toYaml(trainConfigFromYaml(plan.at("config").get<std::string>(), file));
            };
            return configOfPlan(stored) == configOfPlan(wanted);
        } catch (const Json::exception&) {
            return false;
        }
    }

    bool prepareData() const
    {
        if (isSweep() || std::find(arms_.begin(), arms_.end(), "misaligned") == arms_.end())
            return true;
        const auto made = [this](std::size_t) {
            return fs::exists(folder_ / "misaligned" / "derived") &&
                   fs::exists(folder_ / "misaligned" / "shards" / misalignedSetName(request_.config.data.shards));
        };
        return shareWork(
            {"misaligned-data"}, folder_ / "claims", made,
            [this](std::size_t) {
                return makeMisalignedData(request_.workspace, request_.config.data.shards, folder_ / "misaligned",
                                          request_.device, context_);
            },
            context_);
    }

    bool makeModels() const
    {
        std::vector<std::string> names;
        for (const auto& model : models_)
            names.push_back(model.name());
        return shareWork(
            names, folder_ / "claims", [this](std::size_t i) { return isFinished(models_[i]); },
            [this](std::size_t i) {
                auto context = context_;
                context.report = [this, i](Progress progress) {
                    progress.part = {.number = static_cast<std::int64_t>(i) + 1,
                                     .count = static_cast<std::int64_t>(models_.size()),
                                     .name = models_[i].name()};
                    context_.report(progress);
                };
                return train(models_[i], context) && validate(models_[i], context) && look(models_[i], context);
            },
            context_);
    }

    fs::path runFolder(const Model& model) const { return folder_ / "runs" / model.name(); }
    fs::path checkpointOf(const Model& model) const
    {
        return runFolder(model) / "checkpoints" / checkpointName(configOf(model).schedule.steps);
    }
    fs::path validationOf(const Model& model) const { return folder_ / "validation" / model.name(); }
    fs::path attentionOf(const Model& model) const { return folder_ / "attention" / (model.name() + ".json"); }
    bool isFinished(const Model& model) const
    {
        return fs::exists(checkpointOf(model)) && fs::exists(validationOf(model) / "report.json") &&
               fs::exists(attentionOf(model));
    }

    /// As the model's training and painting see it.
    Workspace viewOf(const Model& model) const
    {
        auto workspace = !isSweep() && model.arm == "misaligned"
                             ? misalignedView(request_.workspace, folder_ / "misaligned")
                             : request_.workspace;
        workspace.config.runs = (folder_ / "runs").string();
        return workspace;
    }

    bool train(const Model& model, const JobContext& context) const
    {
        if (fs::exists(checkpointOf(model)))
            return true;
        const auto folder = runFolder(model);
        const bool begun = mayHoldCheckpoint(folder);
        if (!begun) {
            if (const auto holder = runHolder(folder)) // claims need locks of the file system, which this does without
                throw StoreError("the model " + model.name() + " is being trained by " + holder->text() +
                                 ": wait for it to end, or stop it there");
            fs::remove_all(folder); // Killed before its first checkpoint: there is nothing to go on from.
        }
        TrainRequest request{.workspace = viewOf(model),
                             .config = configOf(model),
                             .runName = model.name(),
                             .resume = begun,
                             .device = request_.device};
        auto validator = suiteAtIntervals(request, sceneTruth());
        return makeTrainJobWith(std::move(request), std::move(validator))->run(context) == JobEnd::Finished;
    }

    bool validate(const Model& model, const JobContext& context) const
    {
        ValidateRequest request{.workspace = viewOf(model),
                                .checkpoint = checkpointOf(model),
                                .folder = validationOf(model),
                                .baseline = {},
                                .lpips = {},
                                .settings = validation_,
                                .device = request_.device};
        return makeValidateJobWith(std::move(request), sceneTruth())->run(context) == JobEnd::Finished;
    }

    bool look(const Model& model, const JobContext& context) const
    {
        if (fs::exists(attentionOf(model)))
            return true;
        std::vector<std::string> records;
        for (const auto& record : listRecords(request_.workspace, Look::Catalog)) {
            if (record.split == "val" && record.excluded.empty() && records.size() < attentionRecords)
                records.push_back(record.id);
        }
        fs::create_directories(folder_ / "attention");
        return measureModelAttention(viewOf(model), checkpointOf(model), records, attentionOf(model), request_.device,
                                     context);
    }

    /// Of the seeds from 1 on that every arm has finished.
    std::int64_t finishedSeeds() const
    {
        for (const auto& model : models_) { // seed by seed
            if (!isFinished(model))
                return model.seed - 1;
        }
        return request_.seeds;
    }

    void report() const
    {
        const auto seeds = finishedSeeds();
        if (seeds == 0)
            throw DataError("no seed of the experiment in " + folder_.string() +
                            " is finished in every arm: let it continue, or name the arms that are");
        ExperimentReport report{.folder = folder_,
                                .config = request_.config,
                                .validation = validation_,
                                .arms = arms_,
                                .sweep = request_.sweep,
                                .seeds = seeds,
                                .numbers = {},
                                .differences = {},
                                .courses = {},
                                .answers = {},
                                .notes = {},
                                .sheets = {}};
        std::vector<ModelNumbers> numbers;
        std::vector<ValidationReport> firstSeed;
        for (const auto& model : models_) {
            if (model.seed > seeds)
                continue;
            numbers.push_back(
                readModelNumbers(model.arm, model.seed, validationOf(model), runFolder(model), attentionOf(model)));
            if (model.seed == 1)
                firstSeed.push_back(readValidationReport(validationOf(model)));
        }
        compareArms(numbers, report);
        for (const auto& arm : arms_) {
            std::vector<std::vector<StepMetrics>> trainings;
            for (std::int64_t seed = 1; seed <= seeds; ++seed)
                trainings.push_back(readMetrics(runFolder({.arm = arm, .seed = seed})));
            std::ranges::move(coursesOf(arm, trainings), std::back_inserter(report.courses));
        }
        report.answers = answersOf(report);
        addNotes(report, firstSeed.front());
        std::vector<std::string> labels;
        for (const auto& arm : arms_)
            labels.push_back(report.arm(arm).label);
        const auto sheets = writeSheets(folder_, labels, firstSeed, sheetScenes);
        for (const auto& sheet : sheets)
            report.sheets.push_back(sheetFile(sheet));
        writeFileAtomically(folder_ / "report.md", markdownOf(report, sheets));
        writeFileAtomically(folder_ / "report.html", pageOf(report, sheets));
        writeFileAtomically(folder_ / "report.json", dumpForeignJson(toJson(report), 1) + "\n");
        request_.finished(report);
    }

    void addNotes(ExperimentReport& report, const ValidationReport& validation) const
    {
        const auto& config = request_.config;
        report.notes.push_back(
            "Every model: hidden " + std::to_string(config.model.hiddenSize) + ", depth " +
            std::to_string(config.model.depth) + ", " + std::to_string(config.schedule.steps) +
            " steps in batches of " + std::to_string(config.data.batchSize * config.optimiser.accumulation) +
            (isSweep() ? ", except for the settings of its arm."
                       : "; both conditions dropped in 10 % of the samples, DINO in 30 %, text in "
                         "5 %.") +
            " Arms with the same seed start from the same random numbers and see the same samples in "
            "the same order" +
            (isSweep() ? ", unless their settings change that." : "."));
        report.notes.push_back(
            "Validation: " + std::to_string(validation_.records) +
            " records of the validation split, the same noise for all models, " + std::to_string(validation_.steps) +
            " sampler steps. Intervals resample seeds and pictures; with " + std::to_string(report.seeds) +
            (report.seeds == 1 ? " seed they show only the spread over pictures."
                               : " seeds they show the spread over seeds only roughly."));
        for (const auto& note : validation.notes)
            report.notes.push_back(note);
    }

    const ExperimentRequest& request_;
    const JobContext& context_;
    ValidationSettings validation_; ///< That of the request, or as the experiment was begun.
    fs::path folder_;
    std::vector<std::string> arms_;
    std::vector<Model> models_;
};

} // namespace

std::unique_ptr<Job> makeExperimentJob(ExperimentRequest request)
{
    return makeJob(
        [request = std::move(request)](const JobContext& context) { return Experiment(request, context).run(); });
}

} // namespace nanodit
