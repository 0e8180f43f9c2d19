#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "core/front/sampling.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace nanodit::cli {

namespace {

struct SampleArguments {
    std::filesystem::path checkpoint;
    std::string run;
    std::string prompt, textRecord, record;
    std::filesystem::path picture;
    std::string size;
    std::string guidance = "additive";
    std::string solver = "euler";
    std::filesystem::path out = "sample.png";
    std::int64_t count = 1;
    SampleRequest request;
};

/// "sample.png" for one picture; "sample-7.png" with the seed for several.
std::filesystem::path outputFile(const SampleArguments& arguments, std::uint64_t seed)
{
    if (arguments.count == 1)
        return arguments.out;
    auto name = arguments.out.stem().string() + "-" + std::to_string(seed) + arguments.out.extension().string();
    return arguments.out.parent_path() / name;
}

void runSample(SampleArguments arguments, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    auto& request = arguments.request;
    request.prompt = arguments.prompt;
    if (!arguments.textRecord.empty())
        request.textRecord = arguments.textRecord;
    if (!arguments.record.empty())
        request.reference = RecordReference{arguments.record};
    else if (!arguments.picture.empty())
        request.reference = PictureReference{arguments.picture};
    request.guidance = arguments.guidance == "chained" ? GuidanceMode::Chained : GuidanceMode::Additive;
    request.solver = arguments.solver == "heun" ? Solver::Heun : Solver::Euler;
    request.size = arguments.size.empty() ? workspace.config.buckets.front() : bucketFromName(arguments.size);

    const auto checkpoint =
        arguments.checkpoint.empty() ? newestCheckpoint(workspace, arguments.run) : arguments.checkpoint;
    const auto session = SamplingSession::open(workspace, checkpoint, options.device);
    if (!options.output.quiet)
        std::fprintf(stderr, "%s\n", session->description().c_str());
    auto pictures = nlohmann::json::array();
    std::string text;
    for (std::int64_t i = 0; i < arguments.count; ++i, ++request.seed) {
        std::optional<SampleResult> result;
        const auto job = makeJob([&](const JobContext& context) {
            result = session->sample(request, context, [](const SamplePreview&) {});
            return result ? JobEnd::Finished : JobEnd::Cancelled;
        });
        if (runJob(*job, options.output) == JobEnd::Cancelled) {
            options.exitCode = 1;
            break;
        }
        if (i == 0) {
            for (const auto& warning : result->warnings)
                std::fprintf(stderr, "warning: %s\n", warning.c_str());
        }
        const auto file = outputFile(arguments, request.seed);
        writePng(file, result->picture, result->settings);
        pictures.push_back({{"file", file.string()},
                            {"seed", request.seed},
                            {"seconds", result->seconds},
                            {"warnings", result->warnings}});
        text += file.string() + "\n";
    }
    printResult(options.output, text, {{"checkpoint", checkpoint.string()}, {"pictures", pictures}});
}

} // namespace

void addSampleCommand(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("sample", "Paint pictures from a prompt and a reference picture");
    const auto a = std::make_shared<SampleArguments>();
    command->add_option("--checkpoint", a->checkpoint, "A checkpoint folder or file (default: the newest)");
    command->add_option("-r,--run", a->run, "Use this run's newest checkpoint");
    auto* const prompt = command->add_option("-p,--prompt", a->prompt, "What to paint; without it the text is null");
    command->add_option("--text-record", a->textRecord, "Use this record's stored text")->excludes(prompt);
    auto* const record = command->add_option("--record", a->record, "Take CLS and patches of this record");
    command->add_option("--reference", a->picture, "Take CLS and patches of this picture")->excludes(record);
    command->add_option("--size", a->size, "WIDTHxHEIGHT (default: the workspace's first bucket)");
    command->add_option("--steps", a->request.steps, "Sampler steps")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_option("--solver", a->solver, "euler, or heun: two evaluations a step, smaller errors")
        ->check(CLI::IsMember({"euler", "heun"}))
        ->capture_default_str();
    command->add_option("--text-scale", a->request.textScale, "Guidance scale for text")
        ->check(CLI::Range(0.0, 50.0))
        ->capture_default_str();
    command->add_option("--dino-scale", a->request.dinoScale, "Guidance scale for DINO")
        ->check(CLI::Range(0.0, 50.0))
        ->capture_default_str();
    command->add_option("--guidance", a->guidance, "additive or chained")
        ->check(CLI::IsMember({"additive", "chained"}))
        ->capture_default_str();
    command
        ->add_option("--guidance-interval", a->request.guidanceInterval,
                     "Lowest and highest t at which the scales apply")
        ->capture_default_str();
    command->add_option("--shift", a->request.shift, "Timestep shift")
        ->check(CLI::Range(0.05, 20.0))
        ->capture_default_str();
    command->add_option("--seed", a->request.seed, "Seed of the noise")->capture_default_str();
    command->add_option("-n,--count", a->count, "Pictures to paint, with seeds counting up")
        ->check(positive())
        ->capture_default_str();
    command->add_option("-o,--out", a->out, "PNG to write; carries its settings")->capture_default_str();
    command->callback([a, &options] { runSample(*a, options); });
}

} // namespace nanodit::cli
