#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "app/cli/shared_options.h"
#include "core/config/yaml.h"
#include "core/front/doctor.h"
#include "core/front/training.h"
#include "core/io/size_text.h"
#include "core/runtime/median.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

namespace nanodit::cli {

namespace {

/// What `bench` times, by name; empty for whole training steps, for data and for the window.
std::optional<KernelKind> kernelKindOf(const std::string& subject)
{
    if (subject == "attention")
        return KernelKind::Attention;
    if (subject == "dino")
        return KernelKind::Dino;
    if (subject == "t5")
        return KernelKind::T5;
    if (subject == "sample")
        return KernelKind::Sample;
    if (subject == "vae")
        return KernelKind::Vae;
    return {};
}

struct BenchArguments {
    std::string subject = "train";
    std::int64_t trainingSeconds = WindowTimeRequest{}.trainingSeconds;
    std::string config = "base";
    std::string size = "1024x1024";
    std::vector<std::string> set;
    StepTimeRequest request;
};

std::string kernelLine(const KernelTime& time, double productPerSecond)
{
    char text[200];
    std::snprintf(text, sizeof text, "%-40s %-32s %9.4f s %9.1f GFLOP/s %6.1f %%\n", time.what.c_str(),
                  time.shape.c_str(), time.best(), time.perSecond() / 1e9, 100 * time.perSecond() / productPerSecond);
    return text;
}

nlohmann::json toJson(const KernelTime& time, double productPerSecond)
{
    return {{"what", time.what},
            {"shape", time.shape},
            {"operations", time.operations},
            {"seconds", time.seconds},
            {"best_seconds", time.best()},
            {"gflops", time.perSecond() / 1e9},
            {"share_of_product", time.perSecond() / productPerSecond}};
}

void runKernelBench(const BenchArguments& arguments, KernelKind kind, Options& options)
{
    KernelTimeRequest request{.kind = kind, .shape = arguments.request};
    KernelTimes times;
    request.finished = [&times](const KernelTimes& measured) { times = measured; };
    if (runJob(*makeKernelTimeJob(request), options.output, "") == JobEnd::Cancelled)
        return;
    const double product = times.product.perSecond();
    auto text = times.where + ", " + sizeText(times.memory) + (times.onGpu ? " are taken on the GPU" : " of memory") +
                "; best times, and their rate as a share of that of a product of matrices\n" +
                kernelLine(times.product, product);
    auto kernels = nlohmann::json::array();
    for (const auto& time : times.kernels) {
        text += kernelLine(time, product);
        kernels.push_back(toJson(time, product));
    }
    printResult(options.output, text,
                {{"where", times.where},
                 {"product", toJson(times.product, product)},
                 {"kernels", kernels},
                 {"memory", times.memory},
                 {"on_gpu", times.onGpu}});
}

std::string dataLine(const DataTime& time)
{
    char text[200];
    std::snprintf(text, sizeof text, "%-8s %9.4f s %9.1f samples/s %9.1f MB/s\n", time.what.c_str(), time.best(),
                  static_cast<double>(time.samples) / time.best(), time.bytesPerSecond() / 1e6);
    return text;
}

nlohmann::json toJson(const DataTime& time)
{
    return {{"what", time.what},       {"samples", time.samples},     {"bytes", time.bytes},
            {"seconds", time.seconds}, {"best_seconds", time.best()}, {"bytes_per_second", time.bytesPerSecond()}};
}

void runDataBench(const BenchArguments& arguments, Options& options)
{
    DataTimeRequest request{.shape = arguments.request};
    DataTimes times;
    request.finished = [&times](const DataTimes& measured) { times = measured; };
    if (runJob(*makeDataTimeJob(request), options.output, "") == JobEnd::Cancelled)
        return;
    const auto& shown = arguments.subject == "pack" ? times.packing : times.loading;
    printResult(options.output,
                std::to_string(shown.samples) + " samples of " + arguments.size + ", " + sizeText(shown.bytes) +
                    " in " + times.where + "; the best time; " + sizeText(times.memory) + " of memory\n" +
                    dataLine(shown),
                {{"where", times.where}, {"size", arguments.size}, {"time", toJson(shown)}, {"memory", times.memory}});
}

double leastOf(const std::vector<double>& values)
{
    return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}

std::string windowText(const WindowTimes& times, std::int64_t trainingSeconds)
{
    const auto& work = times.work;
    char text[200];
    auto all = work.where + "; " + sizeText(work.memory) + " of memory\n";
    std::snprintf(text, sizeof text, "%-24s %7.3f s median of %zu, best %.3f\n", "drawn after the start",
                  medianOf(times.startSeconds), times.startSeconds.size(), leastOf(times.startSeconds));
    all += text;
    for (const auto& page : work.pages) {
        std::snprintf(text, sizeof text, "%-24s %7.3f s median of %zu, first %.3f\n",
                      ("switch to " + page.page).c_str(), medianOf(page.later), page.later.size(), page.firstSeconds);
        all += text;
    }
    const auto& frames = work.frames;
    std::snprintf(text, sizeof text, "%-24s %7.2f %% of %lld while training for %lld s; the longest took %.3f s\n",
                  "frames within 16 ms", 100 * frames.share(), static_cast<long long>(frames.due),
                  static_cast<long long>(trainingSeconds), frames.longestSeconds);
    return all + text;
}

nlohmann::json toJson(const WindowTimes& times, std::int64_t trainingSeconds)
{
    auto pages = nlohmann::json::array();
    for (const auto& page : times.work.pages)
        pages.push_back({{"page", page.page},
                         {"first_seconds", page.firstSeconds},
                         {"seconds", page.later},
                         {"median_seconds", medianOf(page.later)}});
    const auto& frames = times.work.frames;
    return {{"where", times.work.where},
            {"start",
             {{"seconds", times.startSeconds},
              {"best_seconds", leastOf(times.startSeconds)},
              {"median_seconds", medianOf(times.startSeconds)}}},
            {"pages", pages},
            {"frames",
             {{"due", frames.due},
              {"in_time", frames.inTime},
              {"share", frames.share()},
              {"period_seconds", FrameCount::period},
              {"longest_seconds", frames.longestSeconds},
              {"training_seconds", trainingSeconds},
              {"train_steps", times.work.trainSteps}}},
            {"memory", times.work.memory}};
}

void runWindowBench(const BenchArguments& arguments, Options& options)
{
    WindowTimeRequest request{.program = windowProgram(),
                              .starts = arguments.request.steps,
                              .trainingSeconds = arguments.trainingSeconds,
                              .device = options.device};
    WindowTimes times;
    request.finished = [&times](const WindowTimes& measured) { times = measured; };
    if (runJob(*makeWindowTimeJob(request), options.output, "") == JobEnd::Cancelled)
        return;
    printResult(options.output, windowText(times, request.trainingSeconds), toJson(times, request.trainingSeconds));
}

void runStepBench(const BenchArguments& arguments, Options& options)
{
    auto request = arguments.request;
    StepTimes times;
    request.finished = [&times](const StepTimes& measured) { times = measured; };
    if (runJob(*makeStepTimeJob(request), options.output, "") == JobEnd::Cancelled)
        return;
    const double product = times.product.perSecond();
    char text[500];
    std::snprintf(text, sizeof text,
                  "%s, %s, %s: %.1f M parameters, %lld latent and %lld context tokens, %lld a batch\n"
                  "%.4f s a step (median of %zu), best %.4f, first %.4f; %s of memory%s\n"
                  "%.1f GFLOP/s, %.1f %% of the %.1f of a product of matrices\n",
                  arguments.config.c_str(), arguments.size.c_str(), times.where.c_str(),
                  static_cast<double>(times.parameters) / 1e6, static_cast<long long>(times.latentTokens),
                  static_cast<long long>(times.contextTokens), static_cast<long long>(request.config.data.batchSize),
                  times.median(), times.seconds.size(), leastOf(times.seconds), times.firstSeconds,
                  sizeText(times.memory).c_str(), times.onGpu ? " are taken on the GPU" : "", times.perSecond() / 1e9,
                  100 * times.perSecond() / product, product / 1e9);
    printResult(options.output, text,
                {{"where", times.where},
                 {"size", arguments.size},
                 {"parameters", times.parameters},
                 {"latent_tokens", times.latentTokens},
                 {"context_tokens", times.contextTokens},
                 {"batch", request.config.data.batchSize},
                 {"first_seconds", times.firstSeconds},
                 {"seconds", times.seconds},
                 {"median_seconds", times.median()},
                 {"operations", times.operations},
                 {"gflops", times.perSecond() / 1e9},
                 {"share_of_product", times.perSecond() / product},
                 {"product", toJson(times.product, product)},
                 {"memory", times.memory},
                 {"on_gpu", times.onGpu}});
}

void runBench(BenchArguments arguments, Options& options)
{
    if (arguments.subject == "window")
        return runWindowBench(arguments, options);
    auto& request = arguments.request;
    request.config = readTrainConfig(configurationFile(arguments.config));
    request.config.data.batchSize = 1;
    for (const auto& assignment : arguments.set)
        setField(assignment, [&request](FieldVisitor& v) { request.config.visit(v); });
    request.picture = pictureSize(arguments.size);
    request.device = options.device;
    if (const auto kind = kernelKindOf(arguments.subject))
        runKernelBench(arguments, *kind, options);
    else if (arguments.subject == "load" || arguments.subject == "pack")
        runDataBench(arguments, options);
    else
        runStepBench(arguments, options);
}

} // namespace

void registerBench(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "bench", "Time training steps of a configuration on random data, parts of the work, or the window");
    const auto a = std::make_shared<BenchArguments>();
    command
        ->add_option(
            "WHAT", a->subject,
            "train: whole steps; attention: of one block; sample: guided velocities; vae: an autoencoder of FLUX's "
            "shape; dino: a DINOv3 ViT-L; t5: two layers of T5 XXL; pack: writing a shard set; load: reading it; "
            "window: its start, its pages and its frames while the demo trains")
        ->check(CLI::IsMember({"train", "attention", "sample", "vae", "dino", "t5", "pack", "load", "window"}))
        ->capture_default_str();
    command->add_option("-c,--config", a->config, "A YAML file, or demo, base or plan")->capture_default_str();
    command->add_option("--size", a->size, "Pictures of this many pixels")->capture_default_str();
    command->add_option("--set", a->set, "Change a setting: --set precision=bf16 (data.batch_size is 1 unless set)")
        ->take_all();
    command->add_option("--steps", a->request.steps, "Steps, repetitions or starts to time, after one that is not")
        ->check(positive())
        ->capture_default_str();
    command->add_option("--text-tokens", a->request.textTokens, "Of each caption")
        ->check(positive())
        ->capture_default_str();
    command->add_option("--dino-patch", a->request.dinoPatch, "Pixels along a side of a DINO patch")
        ->check(positive())
        ->capture_default_str();
    command->add_option("--training-seconds", a->trainingSeconds, "To count the window's frames for")
        ->check(wholeNumber(1, 86400))
        ->capture_default_str();
    command->callback([a, &options] { runBench(*a, options); });
}

} // namespace nanodit::cli
