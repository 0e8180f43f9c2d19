#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/guidance_options.h"
#include "app/cli/mask_options.h"
#include "app/cli/other_picture_options.h"
#include "app/cli/output_file.h"
#include "app/cli/shared_options.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/front/sampling.h"
#include "core/front/training.h"
#include "core/geometry/bucket.h"
#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <set>
#include <sstream>
#include <string>

namespace nanodit::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t mostPictures = 1'000'000; ///< Their seeds are listed before the first one is made.

struct SampleArguments {
    CheckpointOptions model;
    std::string prompt, textRecord, record;
    fs::path picture;
    OtherPictureOptions others;
    std::string size;
    GuidanceOptions guidance;
    MaskOptions masks;
    std::string grid;
    bool cells = false, everyCheckpoint = false, branches = false;
    fs::path prompts, settings;
    fs::path out;
    CLI::Option *outOption = nullptr, *seedOption = nullptr;
    CLI::App* command = nullptr;
    std::int64_t count = 1;
    SampleRequest request;
};

/// The path, or the first free one of NAME-2, NAME-3...
fs::path firstFree(const fs::path& path)
{
    auto free = path;
    for (int i = 2; fs::exists(free); ++i)
        free = path.parent_path() / (path.stem().string() + "-" + std::to_string(i) + path.extension().string());
    return free;
}

fs::path withSuffix(const fs::path& file, const std::string& suffix)
{
    return suffix.empty() ? file
                          : file.parent_path() / (file.stem().string() + "-" + suffix + file.extension().string());
}

/// "DINO alone" -> "DINO-alone"
std::string fileWord(std::string name)
{
    std::ranges::replace(name, ' ', '-');
    return name;
}

/// A prompt of a file, with its line from 1; 0: the prompt of --prompt.
struct Prompt {
    std::string text;
    std::int64_t line = 0;
};

/// --out for one picture; of several checkpoints with the step, of several prompts with the line, of several seeds with
/// the seed in its name. Without --out a name that no file has.
fs::path outputFile(const SampleArguments& arguments, const fs::path& checkpoint, std::int64_t line, std::uint64_t seed)
{
    auto file = arguments.out.empty() ? fs::path("sample.png") : arguments.out;
    if (arguments.everyCheckpoint)
        file = withSuffix(file, checkpointFolder(checkpoint).filename().string());
    if (line > 0)
        file = withSuffix(file, std::to_string(line));
    if (arguments.count > 1)
        file = withSuffix(file, std::to_string(seed));
    return arguments.out.empty() ? firstFree(file) : file;
}

/// Of the picture of a cell, by the file of the sheet: "grid-text2-dino1.5.png"
fs::path cellFile(const fs::path& sheet, const GuidancePlane& plane, const PlaneCell& cell)
{
    const auto number = [](double scale) {
        char text[32];
        std::snprintf(text, sizeof text, "%.4g", scale);
        return std::string(text);
    };
    return withSuffix(sheet,
                      "text" + number(plane.textScales[cell.row]) + "-dino" + number(plane.dinoScales[cell.col]));
}

/// The lines of a file that are not empty. Throws DataError when there is none.
std::vector<Prompt> promptsOf(const fs::path& file)
{
    const auto content = utf8FromFile(readTextFile(file));
    if (!content)
        throw DataError(file.string() + " is not UTF-8 text: save it as UTF-8");
    std::istringstream text(*content);
    std::vector<Prompt> prompts;
    std::string line;
    for (std::int64_t number = 1; std::getline(text, line); ++number) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
            line.pop_back();
        if (!line.empty())
            prompts.push_back({.text = line, .line = number});
    }
    if (prompts.empty())
        throw DataError(file.string() + " has no prompt: write one on each line");
    return prompts;
}

nlohmann::json toJson(const std::optional<GuidanceTermSize>& term)
{
    if (!term)
        return nullptr;
    return {{"length", term->length}, {"parallel", term->parallel}, {"across", term->across}};
}

nlohmann::json toJson(const std::vector<GuidanceStep>& steps)
{
    auto list = nlohmann::json::array();
    for (const auto& step : steps)
        list.push_back({{"t", step.t},
                        {"applies", step.applies},
                        {"text", toJson(step.text)},
                        {"dino", toJson(step.dino)},
                        {"zero_scale", step.zeroScale}});
    return list;
}

/// As --size says; else that of the reference, whose patches lie on its grid: a record's bucket, or the bucket nearest
/// to a picture's shape; without a reference the workspace's first bucket.
ImageSize sizeOf(const SampleArguments& arguments, const Workspace& workspace)
{
    if (!arguments.size.empty())
        return pictureSize(arguments.size);
    if (!arguments.record.empty()) {
        if (const auto record = findRecord(workspace, arguments.record))
            return record->bucket;
    } else if (!arguments.picture.empty()) {
        return nearestBucket(readImageSize(arguments.picture), workspace.config.buckets);
    }
    return workspace.config.buckets.front();
}

/// What may stand beside --settings: the model, how many pictures, and where they go.
void requireNothingBesideSettings(const CLI::App& command)
{
    static const std::set<std::string> may{"--settings", "--checkpoint",       "--run",  "--weights", "--seed",
                                           "--count",    "--every-checkpoint", "--grid", "--cells",   "--branches",
                                           "--out"};
    for (const auto* const option : command.get_options()) {
        const auto& names = option->get_lnames(); // earlier names have no other
        const auto name = names.empty() ? option->get_name() : "--" + names.front();
        if (option->count() > 0 && !may.contains(name))
            throw UsageError("--settings already describes the picture, but " + name +
                             " was given too: leave one of them out");
    }
}

SampleRequest requestOf(const SampleArguments& arguments, const Workspace& workspace)
{
    if (!arguments.settings.empty()) {
        requireNothingBesideSettings(*arguments.command);
        auto request = readSampleRequest(arguments.settings);
        if (arguments.seedOption->count() > 0)
            request.seed = arguments.request.seed;
        return request;
    }
    auto request = arguments.request;
    if (!isUtf8(arguments.prompt))
        throw UsageError("--prompt is not UTF-8 text: \"" + printableText(arguments.prompt) + "\"");
    request.prompt = arguments.prompt;
    if (!arguments.textRecord.empty())
        request.textRecord = arguments.textRecord;
    if (!arguments.record.empty())
        request.reference = RecordReference{arguments.record};
    else if (!arguments.picture.empty())
        request.reference = PictureReference{absolutePath(arguments.picture)};
    arguments.others.apply(request);
    arguments.guidance.apply(request, *arguments.command);
    request.size = sizeOf(arguments, workspace);
    arguments.masks.apply(request, workspace);
    if (request.guidanceInterval[0] > request.guidanceInterval[1])
        throw UsageError("--guidance-interval must be the lower t and then the higher one");
    return request;
}

/// The model of --checkpoint and --run; where none is named, the one that generated the PNG of --settings.
fs::path chosenCheckpoint(const SampleArguments& arguments, const Workspace& workspace, const Output& output)
{
    const auto& model = arguments.model;
    if (!model.checkpoint.empty() || !model.run.empty() || !isPng(arguments.settings))
        return model.choose(workspace);
    const auto painter = paintedByOfPng(arguments.settings);
    if (!painter)
        return model.choose(workspace);
    if (const auto found = findCheckpoint(listRuns(workspace), *painter))
        return model.weightsOf(*found);
    printNote(output, "no checkpoint has the weights that generated " + arguments.settings.string() + " (" +
                          nameOf(*painter) + ") any more: the newest one generates a different picture");
    return model.choose(workspace);
}

/// The chosen checkpoint, or with --every-checkpoint all of its run, oldest first, each with the weights that were
/// chosen.
std::vector<fs::path> checkpointsOf(const SampleArguments& arguments, const Workspace& workspace, const Output& output)
{
    const auto chosen = chosenCheckpoint(arguments, workspace, output);
    if (!arguments.everyCheckpoint)
        return {chosen};
    const auto weights = weightsKindOf(chosen); // empty for a folder
    const auto folder = weights ? chosen.parent_path() : chosen;
    for (auto& run : listRuns(workspace)) {
        const bool holdsIt = std::ranges::any_of(run.checkpoints, [&folder](const fs::path& checkpoint) {
            std::error_code missing;
            return fs::equivalent(checkpoint, folder, missing);
        });
        if (!holdsIt)
            continue;
        for (auto& checkpoint : run.checkpoints)
            checkpoint = weights ? weightsFile(checkpoint, *weights) : checkpoint;
        return run.checkpoints;
    }
    throw UsageError("--every-checkpoint needs a checkpoint of a run of the workspace, and " + chosen.string() +
                     " is none");
}

/// Notes prompts of which the model does not read all.
void noteCutPrompts(const std::vector<Prompt>& prompts, const Workspace& workspace, const fs::path& checkpoint,
                    const Output& output)
{
    if (workspace.config.t5Encoder.empty() || std::ranges::all_of(prompts, &std::string::empty, &Prompt::text))
        return; // what is missing is said where it is needed
    const auto reader = PromptReader::load(workspace);
    const auto most = textTokensOf(checkpoint);
    for (const auto& prompt : prompts) {
        const auto read = reader->read(prompt.text, most);
        if (read.isCut())
            printNote(output, "the prompt has " + std::to_string(read.tokens()) + " tokens, and the model reads " +
                                  std::to_string(most) + ": cut off from \"" + prompt.text.substr(read.keptBytes, 40) +
                                  "\"");
    }
}

/// Seeds count up, and do not begin anew behind the last one.
void requireSeeds(std::uint64_t first, std::int64_t count)
{
    if (first > std::numeric_limits<std::uint64_t>::max() - static_cast<std::uint64_t>(count - 1))
        throw UsageError("the seed " + std::to_string(first) + " is too large for " + std::to_string(count) +
                         " consecutive seeds: give a smaller one");
}

void runSample(const SampleArguments& arguments, Options& options)
{
    requireSeeds(arguments.request.seed, arguments.count);
    if (arguments.outOption->count() > 0)
        prepareOutputFile(arguments.out, ".png", "--out");
    else
        prepareOutputFolder(".", "--out");
    const auto workspace = Workspace::open(options.workspace);
    auto request = requestOf(arguments, workspace);
    if (!arguments.grid.empty())
        guidancePlaneFrom(arguments.grid); // what is spelled wrongly is found before the model is opened
    const auto prompts = arguments.prompts.empty() ? std::vector{Prompt{.text = request.prompt, .line = 0}}
                                                   : promptsOf(arguments.prompts);
    const auto checkpoints = checkpointsOf(arguments, workspace, options.output);
    requireSeeds(request.seed, arguments.count); // of the settings of a picture, too
    std::vector<std::uint64_t> seeds;
    for (std::int64_t i = 0; i < arguments.count; ++i)
        seeds.push_back(request.seed + static_cast<std::uint64_t>(i));
    std::shared_ptr<SamplingSession> session;
    const auto open = [&](const fs::path& checkpoint) {
        session.reset(); // room for the next one
        session = SamplingSession::open(workspace, checkpoint, options.device);
        printNote(options.output, session->description());
    };
    open(checkpoints.front());
    noteCutPrompts(prompts, workspace, checkpoints.front(), options.output);
    auto pictures = nlohmann::json::array();
    std::string text, sheet;
    const auto keep = [&](const fs::path& file, const fs::path& checkpoint, const SampleRequest& what,
                          const SampleResult& result) {
        writePng(file, result.picture, result.settings);
        pictures.push_back({{"file", file.string()},
                            {"checkpoint", checkpoint.string()},
                            {"prompt", what.prompt},
                            {"seed", what.seed},
                            {"text_scale", what.textScale},
                            {"dino_scale", what.dinoScale},
                            {"seconds", result.seconds},
                            {"settings", nlohmann::json::parse(settingsOf(what).begin()->second)},
                            {"guidance", toJson(result.guidance)},
                            {"warnings", result.warnings}});
        text += file.string() + "\n";
    };
    bool warned = false;
    const auto warn = [&warned](const SampleResult& result, const JobContext& context) {
        for (const auto& warning : warned ? std::vector<std::string>{} : result.warnings)
            context.warn(warning);
        warned = true;
    };
    const auto job = makeJob([&](const JobContext& context) {
        if (!arguments.grid.empty()) {
            const auto plane = guidancePlaneFrom(arguments.grid);
            const auto file = arguments.out.empty() ? firstFree("grid.png") : arguments.out;
            std::vector<Image> cells(plane.count());
            if (!session->samplePlane(request, plane, context, [&](const PlanePicture& picture) {
                    warn(picture.result, context);
                    cells[picture.cell.row * plane.cols() + picture.cell.col] = picture.result.picture;
                    if (arguments.cells)
                        keep(cellFile(file, plane, picture.cell), checkpoints.front(), picture.request, picture.result);
                }))
                return JobEnd::Cancelled;
            writePng(file, planeSheet(plane, cells));
            text += file.string() + "\n";
            sheet = file.string();
            return JobEnd::Finished;
        }
        for (const auto& checkpoint : checkpoints) {
            if (checkpoint != checkpoints.front())
                open(checkpoint);
            for (const auto& prompt : prompts) {
                request.prompt = prompt.text;
                std::vector<fs::path> files(seeds.size());
                if (!session->sampleSeeds(request, seeds, context, [&](const SeedPicture& picture) {
                        warn(picture.result, context);
                        auto& file = files[picture.index];
                        file = outputFile(arguments, checkpoint, prompt.line, picture.request.seed);
                        keep(file, checkpoint, picture.request, picture.result);
                    }))
                    return JobEnd::Cancelled;
                const auto branches = arguments.branches ? branchesAlone(request) : std::vector<BranchPicture>{};
                for (const auto& branch : branches) {
                    if (!session->sampleSeeds(branch.request, seeds, context, [&](const SeedPicture& alone) {
                            const auto named = withSuffix(files[alone.index], fileWord(branch.name));
                            keep(arguments.out.empty() ? firstFree(named) : named, checkpoint, alone.request,
                                 alone.result);
                        }))
                        return JobEnd::Cancelled;
                }
            }
        }
        return JobEnd::Finished;
    });
    runJob(*job, options.output, "finished pictures are kept");
    nlohmann::json report = {{"checkpoint", checkpoints.front().string()}, {"pictures", pictures}};
    if (!sheet.empty())
        report["sheet"] = sheet;
    printResult(options.output, text, report);
}

} // namespace

void registerSample(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("sample", "Generate pictures from a prompt and a reference picture");
    const auto a = std::make_shared<SampleArguments>();
    a->model.addTo(*command);
    auto* const prompt = command->add_option("-p,--prompt", a->prompt, "What to generate (default: no text condition)");
    command->add_option("--text-record", a->textRecord, "Use the stored text of this record")
        ->check(notEmpty("the id of a record"))
        ->excludes(prompt);
    auto* const record = command->add_option("--record", a->record, "Use CLS and patches of this record")
                             ->check(notEmpty("the id of a record"));
    command->add_option("--reference", a->picture, "Use CLS and patches of this picture")
        ->check(notEmpty("a picture's file"))
        ->excludes(record);
    a->others.addTo(*command);
    command
        ->add_option("--size", a->size,
                     "WIDTHxHEIGHT (default: the bucket of the record or reference picture; without one the "
                     "workspace's first bucket)")
        ->check(notEmpty("WIDTHxHEIGHT in pixels, for example 1216x832"));
    addSamplerSteps(*command, a->request.steps, {"--steps"});
    addScales(*command, a->request.textScale, a->request.dinoScale);
    addGuidance(*command, a->request.guidance);
    command
        ->add_option("--guidance-interval", a->request.guidanceInterval,
                     "Lowest and highest t at which the guidance scales apply")
        ->check(number(0, 1))
        ->capture_default_str();
    a->guidance.addTo(*command);
    a->masks.addTo(*command);
    addShift(*command, a->request.shift);
    a->seedOption = addSeed(*command, a->request.seed, "Seed of the noise");
    addCount(*command, a->count, "Pictures to generate, with seeds counting up; several are computed together",
             wholeNumber(1, mostPictures));
    auto* const prompts = command->add_option("--prompts", a->prompts, "Generate for each line of this text file")
                              ->check(notEmpty("a text file"));
    prompts->excludes(prompt)->excludes("--text-record");
    auto* const grid =
        command
            ->add_option("--grid", a->grid,
                         "Generate one sheet over both guidance scales, for example text=0:6:7,dino=0:6:4 "
                         "(FROM:TO:COUNT)")
            ->check(notEmpty("such as text=0:6:7,dino=0:6:4"))
            ->excludes(prompts)
            ->excludes("--count");
    command
        ->add_flag("--branches", a->branches,
                   "Also generate what each branch of guidance alone would become: no conditions, text, DINO, and both "
                   "unguided; its name is added to the PNG's")
        ->excludes(grid);
    command->add_flag("--cells", a->cells, "With --grid: also write each picture by itself")->needs(grid);
    command
        ->add_flag("--every-checkpoint", a->everyCheckpoint,
                   "Generate with every checkpoint of the run, oldest first; the name of each is added to the PNG's")
        ->excludes(grid);
    a->outOption = command->add_option(
        "-o,--out", a->out,
        "PNG to write, with its settings in it; of several pictures the checkpoint, the prompt's line and the "
        "seed are added to the name "
        "(default: the first free one of sample.png, sample-2.png...)");
    command
        ->add_option("--settings", a->settings,
                     "Generate a picture again from its PNG, with the model that generated it unless you name another, "
                     "or from a file with the JSON of its settings (--json prints it)")
        ->check(notEmpty("a PNG or a file with JSON"));
    a->command = command;
    command->callback([a, &options] { runSample(*a, options); });
}

} // namespace nanodit::cli
