#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "core/config/yaml.h"
#include "core/front/doctor.h"
#include "core/front/training.h"
#include "core/io/size_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace nanodit::cli {

namespace {

struct BenchArguments {
    std::string config = "base";
    std::string size = "1024x1024";
    std::vector<std::string> set;
    StepTimeRequest request;
};

void runBench(BenchArguments arguments, Options& options)
{
    auto& request = arguments.request;
    request.config = readTrainConfig(configurationFile(arguments.config));
    request.config.data.batchSize = 1;
    for (const auto& assignment : arguments.set)
        setField(assignment, [&request](FieldVisitor& v) { request.config.visit(v); });
    request.picture = bucketFromName(arguments.size);
    request.device = options.device;
    StepTimes times;
    request.finished = [&times](const StepTimes& measured) { times = measured; };
    if (runJob(*makeStepTimeJob(request), options.output) == JobEnd::Cancelled)
        return;
    const auto fastest = *std::min_element(times.seconds.begin(), times.seconds.end());
    char text[400];
    std::snprintf(text, sizeof text,
                  "%s, %s, %s: %.1f M parameters, %lld latent and %lld context tokens, %lld a batch\n"
                  "%.4f s a step in the middle of %zu, %.4f at best, %.4f the first; %s of memory%s\n",
                  arguments.config.c_str(), arguments.size.c_str(), times.where.c_str(),
                  static_cast<double>(times.parameters) / 1e6, static_cast<long long>(times.latentTokens),
                  static_cast<long long>(times.contextTokens), static_cast<long long>(request.config.data.batchSize),
                  times.median(), times.seconds.size(), fastest, times.firstSeconds, sizeText(times.memory).c_str(),
                  times.onGpu ? " are taken on the GPU" : "");
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
                 {"memory", times.memory},
                 {"on_gpu", times.onGpu}});
}

} // namespace

void registerBench(CLI::App& app, Options& options)
{
    auto* const command =
        app.add_subcommand("bench", "Time training steps of a configuration on random data; measures memory, too");
    const auto a = std::make_shared<BenchArguments>();
    command->add_option("-c,--config", a->config, "A YAML file, or demo, base or plan")->capture_default_str();
    command->add_option("--size", a->size, "Pictures of this many pixels")->capture_default_str();
    command->add_option("--set", a->set, "Change a setting: --set precision=bf16 (data.batch_size is 1 unless set)")
        ->take_all();
    command->add_option("--steps", a->request.steps, "Steps to time, after one that is not")
        ->check(positive())
        ->capture_default_str();
    command->add_option("--text-tokens", a->request.textTokens, "Of each caption")
        ->check(positive())
        ->capture_default_str();
    command->add_option("--dino-patch", a->request.dinoPatch, "Pixels along a side of a DINO patch")
        ->check(positive())
        ->capture_default_str();
    command->callback([a, &options] { runBench(*a, options); });
}

} // namespace nanodit::cli
