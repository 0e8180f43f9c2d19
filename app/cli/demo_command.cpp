#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/output_file.h"
#include "app/cli/shared_options.h"
#include "core/config/workspace_config.h"
#include "core/front/demo.h"
#include "core/runtime/resources.h"

#include <algorithm>
#include <cstdio>

namespace nanodit::cli {

namespace {

void runCreate(DemoRequest request, Options& options)
{
    std::filesystem::path root;
    request.finished = [&root](const Workspace& workspace) { root = workspace.root; };
    if (runJob(*makeDemoJob(std::move(request)), options.output) == JobEnd::Cancelled)
        return;
    printResult(options.output, "demo workspace: " + root.string() + "\n", {{"workspace", root.string()}});
}

template<typename... Values>
std::string formatted(const char* format, Values... values)
{
    char text[600];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

void printFigures(const DemoFigures& figures, Options& options)
{
    const auto text = formatted(
        "autoencoder     PSNR %.2f dB on average, %.2f dB at worst\n"
        "patch features  nearest neighbour shows the same: %.1f %% of patches, %.1f %% of those with an object,\n"
        "                %.1f %% of those that an object covers to three quarters\n"
        "                position explains %.1f %% of their variance\n"
        "captions        one word changed: distance %.2f in the middle, %.2f at least (any two captions: 1)\n"
        "                colours of two things swapped: %.2f at least; longest caption %lld tokens\n",
        figures.psnrMean, figures.psnrLowest, 100 * figures.patchAccuracy, 100 * figures.thingPatchAccuracy,
        100 * figures.filledPatchAccuracy, 100 * figures.positionShare, figures.oneWordMedian, figures.oneWordSmallest,
        figures.swapSmallest, static_cast<long long>(figures.longestCaption));
    printResult(options.output, text,
                {{"psnr_mean", figures.psnrMean},
                 {"psnr_lowest", figures.psnrLowest},
                 {"patch_accuracy", figures.patchAccuracy},
                 {"thing_patch_accuracy", figures.thingPatchAccuracy},
                 {"filled_patch_accuracy", figures.filledPatchAccuracy},
                 {"position_share", figures.positionShare},
                 {"one_word_distance_median", figures.oneWordMedian},
                 {"one_word_distance_smallest", figures.oneWordSmallest},
                 {"swap_distance_smallest", figures.swapSmallest},
                 {"longest_caption", figures.longestCaption}});
}

/// Runs a job that ends in figures of the encoders.
template<typename Request>
void runForFigures(Request request, std::unique_ptr<Job> (*make)(Request), const std::string& toContinue,
                   Options& options)
{
    DemoFigures figures;
    request.finished = [&figures](const DemoFigures& measured) { figures = measured; };
    if (runJob(*make(std::move(request)), options.output, toContinue) == JobEnd::Cancelled)
        return;
    printFigures(figures, options);
}

struct LayoutArguments {
    CheckpointOptions model;
    LayoutRequest request;
};

double rightShare(const LayoutScore& score)
{
    return 100 * static_cast<double>(score.rightShape) / static_cast<double>(score.things);
}

std::string layoutText(const LayoutReport& report)
{
    const auto& painted = report.painted;
    auto text = formatted(
        "layout error %.4f of the diagonal over %lld objects in %lld pictures (finder on the true pictures: %.4f)\n"
        "error against the region that the caption names: %.4f; %lld in their region\n"
        "%lld not found, %lld of the wrong shape, %lld unexpected colours; %.1f %% in their colour and shape\n"
        "(finder on the true pictures: %.1f %%)\n",
        painted.error(), static_cast<long long>(painted.things), static_cast<long long>(painted.pictures),
        report.finder.error(), painted.regionError(), static_cast<long long>(painted.inRegion),
        static_cast<long long>(painted.missing),
        static_cast<long long>(painted.things - painted.missing - painted.rightShape),
        static_cast<long long>(painted.spurious), rightShare(painted), rightShare(report.finder));
    if (const auto& other = report.asOther)
        text += formatted("the same pictures compared with the other scenes: layout error %.4f over %lld objects, "
                          "%lld not found; %.1f %% in their colour and shape\n",
                          other->error(), static_cast<long long>(other->things), static_cast<long long>(other->missing),
                          rightShare(*other));
    return text;
}

nlohmann::json scoreJson(const LayoutScore& score)
{
    return {{"layout_error", score.error()}, {"region_error", score.regionError()},
            {"in_region", score.inRegion},   {"pictures", score.pictures},
            {"things", score.things},        {"missing", score.missing},
            {"spurious", score.spurious},    {"right_shape", score.rightShape}};
}

nlohmann::json layoutJson(const LayoutReport& report)
{
    auto json = scoreJson(report.painted);
    json["finder_error"] = report.finder.error();
    json["finder_right_shape"] = report.finder.rightShape;
    if (report.asOther)
        json["other"] = scoreJson(*report.asOther);
    return json;
}

void runLayout(LayoutArguments arguments, Options& options)
{
    LayoutReport report;
    auto& request = arguments.request;
    if (!request.keepPictures.empty())
        prepareOutputFolder(request.keepPictures, "--out");
    request.workspace = Workspace::open(options.workspace);
    request.checkpoint = arguments.model.choose(request.workspace);
    request.device = options.device;
    request.finished = [&report](const LayoutReport& measured) { report = measured; };
    if (runJob(*makeLayoutJob(std::move(request)), options.output, "") == JobEnd::Cancelled)
        return;
    printResult(options.output, layoutText(report), layoutJson(report));
}

/// --style and --side of scenes.
void addSceneKind(CLI::App& command, SceneKind& kind)
{
    command
        .add_option_function<std::string>(
            "--style",
            [&kind](const std::string& name) {
                kind.style =
                    static_cast<SceneStyle>(std::ranges::find(sceneStyleNames, name) - sceneStyleNames.begin());
            },
            "Style of surfaces: plain, or textured (rounded, patterned things on rough ground)")
        ->check(CLI::IsMember(std::vector<std::string>(sceneStyleNames.begin(), sceneStyleNames.end())))
        ->default_str(sceneStyleNames.front());
    command.add_option("--side", kind.side, "Side of the square pictures in pixels: 128, 256, 384 or 512")
        ->check(CLI::IsMember({128, 256, 384, 512}))
        ->capture_default_str();
}

void registerCreate(CLI::App& demo, Options& options)
{
    auto* const command = demo.add_subcommand("create", "Create a demo workspace, ready to train on");
    const auto request = std::make_shared<DemoRequest>();
    const auto bare = std::make_shared<bool>(false);
    command->add_option("DIR", request->folder, "Folder of the new workspace")->required()->check(notEmpty("a folder"));
    addCount(*command, request->scenes, "Pictures to draw", positive(), {"--scenes"});
    addSeed(*command, request->seed, "Seed of the scenes");
    addSceneKind(*command, request->kind);
    command->add_option("--encoders", request->encoders,
                        "Folder of vae, dinov3-demo and t5-demo (default: the program's own, which come with the "
                        "reference model)");
    command->add_flag(
        "--loss-masks", request->lossMasks,
        "Write a mask beside each picture that gives things three times the weight of the rest in the loss");
    command->add_flag("--bare", *bare, "Only draw and import; run no passes and pack no shards");
    command->callback([request, bare, &options] {
        request->preprocess = !*bare;
        runCreate(*request, options);
    });
}

void registerTrainEncoders(CLI::App& demo, Options& options)
{
    auto* const command =
        demo.add_subcommand("train-encoders", "Train the demo's encoders from scratch (about an hour on two cores)");
    const auto request = std::make_shared<TrainEncodersRequest>();
    command->add_option("DIR", request->folder, "Folder for vae, dinov3-demo and t5-demo; existing ones are kept")
        ->required();
    addSeed(*command, request->seed, "Seed of the scenes and weights");
    addCount(*command, request->scenes, "Pictures to train on", positive(), {"--scenes"});
    addSceneKind(*command, request->kind);
    command->callback([request, &options] {
        runForFigures(*request, &makeTrainEncodersJob, "run the same command again to continue", options);
    });
}

void registerMeasure(CLI::App& demo, Options& options)
{
    auto* const command =
        demo.add_subcommand("measure", "Measure the demo's encoders on scenes that they were not trained on");
    const auto request = std::make_shared<MeasureEncodersRequest>();
    command->add_option("DIR", request->folder, "Folder of vae, dinov3-demo and t5-demo (default: the program's own)");
    addSeed(*command, request->seed, "Seed of the scenes");
    addCount(*command, request->scenes, "Scenes to measure on", wholeNumber(10, 10000), {"--scenes"});
    addSceneKind(*command, request->kind);
    command->callback([request, &options] {
        if (request->folder.empty())
            request->folder = resourcesFolder() / "demo";
        runForFigures(*request, &makeMeasureEncodersJob, "", options);
    });
}

/// --other and --blend-weight.
void addOtherScene(CLI::App& command, LayoutRequest& request)
{
    auto* const other =
        command
            .add_option_function<std::string>(
                "--other",
                [&request](const std::string& name) {
                    request.other = name == "cls" ? OtherScene::Cls : OtherScene::Blend;
                },
                "Take cls from the next validation scene, or blend the scene's tokens with that scene's, and compare "
                "the pictures with both")
            ->check(CLI::IsMember({"cls", "blend"}));
    command
        .add_option("--blend-weight", request.blendWeight,
                    "With --other blend: share of the scene's own tokens; the other scene has the rest")
        ->needs(other)
        ->check(number(0, 1))
        ->capture_default_str();
}

void registerLayout(CLI::App& demo, Options& options)
{
    auto* const command = demo.add_subcommand(
        "layout", "Generate validation scenes and measure how far objects are from where they should be");
    const auto a = std::make_shared<LayoutArguments>();
    auto& request = a->request;
    a->model.addTo(*command);
    addCount(*command, request.pictures, "Validation scenes to generate", positive(), {"--pictures"});
    addSamplerSteps(*command, request.steps, {"--steps"});
    addShift(*command, request.shift);
    addScales(*command, request.textScale, request.dinoScale);
    addGuidance(*command, request.guidance);
    addSeed(*command, request.seed, "Seed of the noise");
    addOtherScene(*command, request);
    auto* const out = command->add_option("-o,--out", request.keepPictures,
                                          "Folder for the pictures, each beside the true one (default: not kept)");
    command->add_option("--keep", request.keepPictures)->excludes(out)->group(""); // its earlier name
    command->callback([a, &options] { runLayout(*a, options); });
}

} // namespace

void registerDemo(CLI::App& app, Options& options)
{
    auto* const demo =
        app.add_subcommand("demo", "The demo: synthetic scenes, small bundled encoders, a trained model");
    demo->require_subcommand(1);
    registerCreate(*demo, options);
    registerTrainEncoders(*demo, options);
    registerMeasure(*demo, options);
    registerLayout(*demo, options);
}

} // namespace nanodit::cli
