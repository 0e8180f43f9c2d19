#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/output_file.h"
#include "app/cli/shared_options.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/front/sampling.h"
#include "core/geometry/bucket.h"
#include "core/runtime/error.h"

namespace nanodit::cli {

namespace {

namespace fs = std::filesystem;

struct SampleArguments {
    CheckpointOptions model;
    std::string prompt, textRecord, record;
    fs::path picture;
    std::string size;
    std::string solver = "euler";
    fs::path out;
    CLI::Option* outOption = nullptr;
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

/// --out for one picture, and with the seed in its name for several; without --out a name that no file has.
fs::path outputFile(const SampleArguments& arguments, std::uint64_t seed)
{
    const fs::path base = arguments.out.empty() ? "sample.png" : arguments.out;
    const auto file =
        arguments.count == 1
            ? base
            : base.parent_path() / (base.stem().string() + "-" + std::to_string(seed) + base.extension().string());
    return arguments.out.empty() ? firstFree(file) : file;
}

/// As --size says; else that of the reference, whose patches lie on its grid: a record's bucket, or the bucket nearest
/// to a picture's shape; without a reference the workspace's first bucket.
ImageSize sizeOf(const SampleArguments& arguments, const Workspace& workspace)
{
    if (!arguments.size.empty())
        return bucketFromName(arguments.size);
    if (!arguments.record.empty()) {
        if (const auto record = findRecord(workspace, arguments.record))
            return record->bucket;
    } else if (!arguments.picture.empty()) {
        return nearestBucket(readImageSize(arguments.picture), workspace.config.buckets);
    }
    return workspace.config.buckets.front();
}

SampleRequest requestOf(const SampleArguments& arguments, const Workspace& workspace)
{
    auto request = arguments.request;
    request.prompt = arguments.prompt;
    if (!arguments.textRecord.empty())
        request.textRecord = arguments.textRecord;
    if (!arguments.record.empty())
        request.reference = RecordReference{arguments.record};
    else if (!arguments.picture.empty())
        request.reference = PictureReference{arguments.picture};
    request.solver = arguments.solver == "heun" ? Solver::Heun : Solver::Euler;
    request.size = sizeOf(arguments, workspace);
    if (request.guidanceInterval[0] > request.guidanceInterval[1])
        throw UsageError("--guidance-interval must be the lower t and then the higher one");
    return request;
}

void runSample(const SampleArguments& arguments, Options& options)
{
    if (arguments.outOption->count() > 0)
        prepareOutputFile(arguments.out, ".png", "--out");
    const auto workspace = Workspace::open(options.workspace);
    auto request = requestOf(arguments, workspace);
    const auto checkpoint = arguments.model.choose(workspace);
    const auto session = SamplingSession::open(workspace, checkpoint, options.device);
    printNote(options.output, session->description());
    auto pictures = nlohmann::json::array();
    std::string text;
    const auto job = makeJob([&](const JobContext& context) {
        for (std::int64_t i = 0; i < arguments.count; ++i, ++request.seed) {
            const auto result = session->sample(request, context, [](const SamplePreview&) {});
            if (!result)
                return JobEnd::Cancelled;
            if (i == 0) {
                for (const auto& warning : result->warnings)
                    context.warn(warning);
            }
            const auto file = outputFile(arguments, request.seed);
            writePng(file, result->picture, result->settings);
            pictures.push_back({{"file", file.string()},
                                {"seed", request.seed},
                                {"seconds", result->seconds},
                                {"warnings", result->warnings}});
            text += file.string() + "\n";
        }
        return JobEnd::Finished;
    });
    runJob(*job, options.output, "finished pictures are kept");
    printResult(options.output, text, {{"checkpoint", checkpoint.string()}, {"pictures", pictures}});
}

} // namespace

void registerSample(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("sample", "Generate pictures from a prompt and a reference picture");
    const auto a = std::make_shared<SampleArguments>();
    a->model.addTo(*command);
    auto* const prompt = command->add_option("-p,--prompt", a->prompt, "What to generate (default: no text condition)");
    command->add_option("--text-record", a->textRecord, "Use the stored text of this record")->excludes(prompt);
    auto* const record = command->add_option("--record", a->record, "Use CLS and patches of this record");
    command->add_option("--reference", a->picture, "Use CLS and patches of this picture")->excludes(record);
    command->add_option("--size", a->size,
                        "WIDTHxHEIGHT (default: the bucket of the record or reference picture; without one the "
                        "workspace's first bucket)");
    addSamplerSteps(*command, a->request.steps, {"--steps"});
    command->add_option("--solver", a->solver, "euler, or heun: two evaluations per step, more accurate")
        ->check(CLI::IsMember({"euler", "heun"}))
        ->capture_default_str();
    addScales(*command, a->request.textScale, a->request.dinoScale);
    addGuidance(*command, a->request.guidance);
    command
        ->add_option("--guidance-interval", a->request.guidanceInterval,
                     "Lowest and highest t at which the guidance scales apply")
        ->check(number(0, 1))
        ->capture_default_str();
    addShift(*command, a->request.shift);
    addSeed(*command, a->request.seed, "Seed of the noise");
    addCount(*command, a->count, "Pictures to generate, with seeds counting up", positive());
    a->outOption =
        command->add_option("-o,--out", a->out,
                        "PNG to write, with its settings in it; of several pictures the seed is added to the name "
                        "(default: the first free one of sample.png, sample-2.png...)");
    command->callback([a, &options] { runSample(*a, options); });
}

} // namespace nanodit::cli
