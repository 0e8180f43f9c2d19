#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "core/config/workspace_config.h"
#include "core/front/demo.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/resources.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <utility>

namespace nanodit::cli {

namespace {

void runCreate(DemoRequest request, Options& options)
{
    std::filesystem::path root;
    request.finished = [&root](const Workspace& workspace) { root = workspace.root; };
    if (runJob(*makeDemoJob(std::move(request)), options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
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
        "patch features  nearest neighbour shows the same: %.1f %% of patches, %.1f %% of those with a thing\n"
        "                position explains %.1f %% of their variance\n"
        "captions        one word changed: distance %.2f in the middle, %.2f at least (any two captions: 1)\n"
        "                colours of two things swapped: %.2f at least; longest caption %lld tokens\n",
        figures.psnrMean, figures.psnrLowest, 100 * figures.patchAccuracy, 100 * figures.thingPatchAccuracy,
        100 * figures.positionShare, figures.oneWordMedian, figures.oneWordSmallest, figures.swapSmallest,
        static_cast<long long>(figures.longestCaption));
    printResult(options.output, text,
                {{"psnr_mean", figures.psnrMean},
                 {"psnr_lowest", figures.psnrLowest},
                 {"patch_accuracy", figures.patchAccuracy},
                 {"thing_patch_accuracy", figures.thingPatchAccuracy},
                 {"position_share", figures.positionShare},
                 {"one_word_distance_median", figures.oneWordMedian},
                 {"one_word_distance_smallest", figures.oneWordSmallest},
                 {"swap_distance_smallest", figures.swapSmallest},
                 {"longest_caption", figures.longestCaption}});
}

/// Runs a job that ends in figures of the encoders.
template<typename Request>
void runForFigures(Request request, std::unique_ptr<Job> (*make)(Request), Options& options)
{
    DemoFigures figures;
    request.finished = [&figures](const DemoFigures& measured) { figures = measured; };
    setUpCompute(options.device);
    if (runJob(*make(std::move(request)), options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
    printFigures(figures, options);
}

void runLayout(LayoutRequest request, Options& options)
{
    LayoutReport report;
    request.workspace = Workspace::open(options.workspace);
    request.device = options.device;
    request.finished = [&report](const LayoutReport& measured) { report = measured; };
    if (runJob(*makeLayoutJob(std::move(request)), options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
    const auto text = formatted(
        "layout error %.4f of the diagonal over %lld things in %lld pictures (finder on the true pictures: %.4f)\n"
        "not found %lld, of a wrong shape %lld, colours too many %lld\n",
        report.error, static_cast<long long>(report.things), static_cast<long long>(report.pictures),
        report.finderError, static_cast<long long>(report.missing),
        static_cast<long long>(report.things - report.missing - report.rightShape),
        static_cast<long long>(report.spurious));
    printResult(options.output, text,
                {{"layout_error", report.error},
                 {"finder_error", report.finderError},
                 {"pictures", report.pictures},
                 {"things", report.things},
                 {"missing", report.missing},
                 {"spurious", report.spurious},
                 {"right_shape", report.rightShape}});
}

void addCreate(CLI::App& demo, Options& options)
{
    auto* const create = demo.add_subcommand("create", "Make a demo workspace, ready to train on");
    const auto request = std::make_shared<DemoRequest>();
    const auto bare = std::make_shared<bool>(false);
    create->add_option("DIR", request->folder, "The new workspace's folder")->required();
    create->add_option("--scenes", request->scenes, "Pictures to draw")->check(positive())->capture_default_str();
    create->add_option("--seed", request->seed, "Same seed, same scenes")->capture_default_str();
    create->add_flag("--bare", *bare, "Draw and import only: no passes, no shards");
    create->callback([request, bare, &options] {
        request->preprocess = !*bare;
        runCreate(*request, options);
    });
}

void addEncoders(CLI::App& demo, Options& options)
{
    auto* const train =
        demo.add_subcommand("train-encoders", "Train the demo's encoders from nothing (about an hour on two cores)");
    const auto training = std::make_shared<TrainEncodersRequest>();
    train->add_option("DIR", training->folder, "Folder for vae, dinov3-demo and t5-demo; those there already are kept")
        ->required();
    train->add_option("--seed", training->seed, "Of scenes and weights")->capture_default_str();
    train->add_option("--scenes", training->scenes, "Pictures to train on")->check(positive())->capture_default_str();
    train->callback([training, &options] { runForFigures(*training, &makeTrainEncodersJob, options); });

    auto* const measure =
        demo.add_subcommand("measure", "Measure the demo's encoders on scenes that they have not seen");
    const auto measuring = std::make_shared<MeasureEncodersRequest>();
    measure->add_option("DIR", measuring->folder,
                        "Folder of vae, dinov3-demo and t5-demo (default: those that come with the program)");
    measure->add_option("--seed", measuring->seed, "Of the scenes")->capture_default_str();
    measure->add_option("--scenes", measuring->scenes, "How many")->check(CLI::Range(10, 10000))->capture_default_str();
    measure->callback([measuring, &options] {
        if (measuring->folder.empty())
            measuring->folder = resourcesFolder() / "demo";
        runForFigures(*measuring, &makeMeasureEncodersJob, options);
    });
}

void addLayout(CLI::App& demo, Options& options)
{
    auto* const layout =
        demo.add_subcommand("layout", "Paint validation scenes and measure how far things are from their places");
    const auto request = std::make_shared<LayoutRequest>();
    layout->add_option("--checkpoint", request->checkpoint, "A checkpoint folder")->required();
    layout->add_option("--pictures", request->pictures, "Validation scenes to paint")
        ->check(positive())
        ->capture_default_str();
    layout->add_option("--steps", request->steps, "Sampler steps")->check(positive())->capture_default_str();
    layout
        ->add_option("--shift", request->shift,
                     "Shift of the sampler's times; above 1 spends more steps near pure noise")
        ->capture_default_str();
    layout->add_option("--text-scale", request->textScale, "Guidance scale for text")->capture_default_str();
    layout->add_option("--dino-scale", request->dinoScale, "Guidance scale for DINO")->capture_default_str();
    layout->add_option("--seed", request->seed, "Of the noise")->capture_default_str();
    layout->add_option("--keep", request->keepPictures, "Folder for the pictures, painted beside true");
    layout->callback([request, &options] { runLayout(*request, options); });
}

} // namespace

void addDemoCommand(CLI::App& app, Options& options)
{
    auto* const demo = app.add_subcommand("demo", "The demo: drawn scenes, small encoders of our own, a trained model");
    demo->require_subcommand(1);
    addCreate(*demo, options);
    addEncoders(*demo, options);
    addLayout(*demo, options);
}

} // namespace nanodit::cli
