#include "core/train/resume.h"

#include "core/config/yaml.h"
#include "core/io/atomic_file.h"
#include "core/runs/catalogue.h"
#include "core/runs/continuation.h"
#include "core/runs/previews.h"
#include "core/runs/run_history.h"
#include "core/runtime/error.h"
#include "core/train/trainer.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Settings that say what is looked at and kept, not what is computed, and how long.
bool onlyWatches(const std::string& key)
{
    static const std::array groups = {"saving.", "previews.", "validation.", "metrics.", "warm_start."};
    return std::any_of(groups.begin(), groups.end(), [&key](const char* group) { return key.starts_with(group); }) ||
           key == "schedule.steps" || key == "data.prefetch" || key == "data.shards";
}

/// Settings of a new model's first weights; a trained one has its own.
bool onlyBegins(const std::string& key)
{
    return key == "model.prior_widest" || key == "model.prior_narrowest";
}

void compareConfigurations(const CheckpointState& before, const CheckpointState& now,
                           std::vector<ResumeDifference>& found)
{
    auto a = before.config, b = now.config;
    const auto list = differences({[&a](FieldVisitor& v) { a.visit(v); }, [&b](FieldVisitor& v) { b.visit(v); }});
    for (const auto& [key, values] : list) {
        const bool function = (key.starts_with("model.") && !onlyBegins(key)) || key == "data.normalise_dino" ||
                              key == "optimiser.name"; // its state is another
        // What is trained beside the model, and the optimiser's state of it, are there in one and not in the other.
        const bool begunBeside = key == "repa.weight" && before.config.repa.enabled() != now.config.repa.enabled();
        const bool bendsTheRate = key == "schedule.steps" && now.config.schedule.decay == Decay::Cosine;
        found.push_back({.what = key,
                         .before = values[0],
                         .now = values[1],
                         .anotherFunction = function || begunBeside,
                         .otherCourse = bendsTheRate || (!function && !onlyWatches(key) && !onlyBegins(key))});
    }
}

void compareEncoders(const nlohmann::json& before, const nlohmann::json& now, std::vector<ResumeDifference>& found)
{
    if (!before.is_object() || !now.is_object())
        return;
    const auto beginningOf = [](const nlohmann::json& encoder) { return encoder.dump().substr(0, 80); };
    for (const auto& [name, encoder] : before.items()) {
        const auto other = now.find(name);
        if (other != now.end() && *other != encoder)
            found.push_back({.what = "encoder " + name,
                             .before = beginningOf(encoder),
                             .now = beginningOf(*other),
                             .anotherFunction = true});
    }
}

/// Throws DataError for a configuration that makes no sense, too: such a checkpoint is of no more use than a damaged
/// one.
CheckpointState usableState(const fs::path& checkpoint)
{
    try {
        return readCheckpointState(checkpoint);
    } catch (const ConfigError& error) {
        throw DataError(error.what());
    }
}

/// What was painted of later steps, of every kind.
std::vector<fs::path> previewsBehind(const fs::path& runFolder, std::int64_t step)
{
    std::vector<fs::path> pictures;
    for (std::size_t kind = 0; kind < previewKindNames.size(); ++kind) {
        const auto bySteps = listPreviews(runFolder, static_cast<PreviewKind>(kind));
        for (auto later = bySteps.upper_bound(step); later != bySteps.end(); ++later) {
            for (const auto& preview : later->second)
                pictures.push_back(preview.file);
        }
    }
    return pictures;
}

/// Of "step-00000008.json", "step-00000008" and "step-00000008-raw": 8.
std::optional<std::int64_t> stepInName(const std::string& name)
{
    const auto dash = name.find('-');
    return dash == std::string::npos ? std::nullopt
                                     : checkpointStep(name.substr(0, name.find_first_of("-.", dash + 1)));
}

/// Reports of validations of later steps, and what was kept of those that were not finite.
std::vector<fs::path> reportsBehind(const fs::path& runFolder, std::int64_t step)
{
    std::vector<fs::path> reports;
    for (const auto* const folder : {"validation", "nonfinite"}) {
        std::error_code error;
        for (fs::directory_iterator entry(runFolder / folder, error), end; !error && entry != end;
             entry.increment(error)) {
            if (stepInName(entry->path().filename().string()).value_or(0) > step)
                reports.push_back(entry->path());
        }
    }
    return reports;
}

} // namespace

LoaderOptions loaderOptionsOf(const CheckpointState& state)
{
    LoaderOptions options;
    options.batchSize = state.config.data.batchSize;
    options.seed = static_cast<std::uint64_t>(state.config.seed);
    options.position = state.samplePosition;
    options.normaliseDino = state.config.data.normaliseDino;
    options.prefetch = state.config.data.prefetch;
    if (!state.dino.empty())
        options.statistics = state.dino;
    return options;
}

std::vector<ResumeDifference> resumeDifferences(const CheckpointState& before, const CheckpointState& now)
{
    std::vector<ResumeDifference> found;
    compareConfigurations(before, now, found);
    compareEncoders(before.encoders, now.encoders, found);
    const auto compare = [&found](const std::string& what, const std::string& a, const std::string& b, bool course) {
        if (!a.empty() && a != b)
            found.push_back({.what = what, .before = a, .now = b, .otherCourse = course});
    };
    if (before.textTokens != now.textTokens)
        found.push_back({.what = "text tokens of the workspace",
                         .before = std::to_string(before.textTokens),
                         .now = std::to_string(now.textTokens),
                         .anotherFunction = true});
    compare("data set", before.circumstances.dataSet, now.circumstances.dataSet, true);
    if (!(before.dino.toJson() == now.dino.toJson()))
        found.push_back(
            {.what = "DINO statistics of the data set", .before = "others", .now = "new ones", .otherCourse = true});
    compare("LibTorch", before.circumstances.libTorch, now.circumstances.libTorch, true);
    compare("computed on", before.circumstances.computedOn, now.circumstances.computedOn, true);
    compare("processes", before.circumstances.ranks, now.circumstances.ranks, true);
    return found;
}

std::string text(const ResumeDifference& difference)
{
    return difference.what + " " + difference.before + " -> " + difference.now;
}

void refuseAnotherFunction(const std::vector<ResumeDifference>& differences, const std::string& runName)
{
    std::string list;
    for (const auto& difference : differences) {
        if (difference.anotherFunction)
            list += (list.empty() ? "" : "; ") + text(difference);
    }
    if (!list.empty())
        throw UsageError(
            "the run \"" + runName + "\" cannot be resumed with another model, other encoders or another optimiser (" +
            list +
            "): its weights would compute something else. Resume it with what it was started with, or start a "
            "new run from its weights (warm_start.checkpoint)");
}

std::vector<fs::path> checkpointsToTry(const fs::path& runFolder, std::optional<std::int64_t> from)
{
    auto checkpoints = listCheckpoints(runFolder);
    std::reverse(checkpoints.begin(), checkpoints.end());
    if (!from)
        return checkpoints;
    const auto wanted = checkpointName(*from);
    std::string list;
    for (const auto& checkpoint : checkpoints) {
        if (checkpoint.filename() == wanted)
            return {checkpoint};
        list = std::to_string(*checkpointStep(checkpoint.filename().string())) + (list.empty() ? "" : ", ") + list;
    }
    throw UsageError("the run has no checkpoint of step " + std::to_string(*from) + "; there are those of " + list);
}

ResumePoint restoreNewestWhole(Trainer& trainer, const fs::path& runFolder, std::optional<std::int64_t> from,
                               const CheckpointState& now, const JobContext& context)
{
    const auto candidates = checkpointsToTry(runFolder, from);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& checkpoint = candidates[i];
        try {
            if (!canBeResumed(checkpoint))
                throw DataError("the checkpoint " + checkpoint.string() +
                                " lacks the weights as they were trained, or the optimiser's state, as an exported "
                                "average does: start a new run from it (warm_start.checkpoint)");
            const auto state = usableState(checkpoint);
            auto differences = resumeDifferences(state, now);
            refuseAnotherFunction(differences, now.run);
            trainer.restore(state, readCheckpointTensors(checkpoint), checkpoint.string());
            return {.checkpoint = checkpoint, .differences = std::move(differences)};
        } catch (const DataError& error) {
            if (i + 1 == candidates.size())
                throw;
            context.warn("the checkpoint " + checkpoint.filename().string() + " cannot be used (" + error.what() +
                         "): resuming from an older one");
        }
    }
    throw DataError(runFolder.string() + " holds no checkpoint"); // the run's folder has looked: it had one
}

void tellDifferences(const ResumePoint& restored, const fs::path& runFolder, std::int64_t step,
                     const JobContext& context)
{
    std::string course;
    auto details = nlohmann::json::object();
    for (const auto& difference : restored.differences) {
        details[difference.what] = {difference.before, difference.now};
        if (difference.otherCourse)
            course += (course.empty() ? "" : "; ") + text(difference);
        else
            context.info("changed since the checkpoint: " + text(difference));
    }
    if (!course.empty())
        context.warn("the run continues, but not exactly as before: " + course);
    appendRunEvent(runFolder, step, "resumed", "resumed from " + restored.checkpoint.string(), details);
}

fs::path setAsideBehind(const fs::path& runFolder, std::int64_t step)
{
    std::vector<fs::path> later;
    for (const auto& checkpoint : listCheckpoints(runFolder)) {
        if (*checkpointStep(checkpoint.filename().string()) > step)
            later.push_back(checkpoint);
    }
    const auto pictures = previewsBehind(runFolder, step);
    auto made = reportsBehind(runFolder, step);
    if (later.empty() && made.empty()) {
        std::error_code ignored; // what stays is painted over
        for (const auto& picture : pictures)
            fs::remove(picture, ignored);
        return {};
    }
    fs::path folder;
    for (int number = 1; folder.empty() || fs::exists(folder); ++number)
        folder = runFolder / "set-aside" /
                 ("behind-" + checkpointName(step) + (number == 1 ? "" : "-" + std::to_string(number)));
    try {
        fs::create_directories(folder);
        if (fs::exists(runFolder / "metrics.jsonl"))
            fs::copy_file(runFolder / "metrics.jsonl", folder / "metrics.jsonl");
        for (const auto& checkpoint : later)
            fs::rename(checkpoint, folder / checkpoint.filename());
        made.insert(made.end(), pictures.begin(), pictures.end());
        for (const auto& one : made) {
            const auto place = folder / one.lexically_relative(runFolder);
            fs::create_directories(place.parent_path());
            fs::rename(one, place);
        }
    } catch (const fs::filesystem_error& error) {
        throw StoreError("checkpoints and reports of later steps could not be moved to " + folder.string() + ": " +
                         error.code().message());
    }
    return folder;
}

} // namespace nanodit
