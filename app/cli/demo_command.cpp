#include "app/cli/commands.h"

#include <nlohmann/json.hpp>

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

} // namespace

void addDemoCommand(CLI::App& app, Options& options)
{
    auto* const demo = app.add_subcommand("demo", "The demo: drawn scenes, small encoders of our own, a trained model");
    demo->require_subcommand(1);

    auto* const create = demo->add_subcommand("create", "Make a demo workspace, ready to train on");
    const auto request = std::make_shared<DemoRequest>();
    const auto bare = std::make_shared<bool>(false);
    create->add_option("DIR", request->folder, "The new workspace's folder")->required();
    create->add_option("--scenes", request->scenes, "Pictures to draw")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    create->add_option("--seed", request->seed, "Same seed, same scenes")->capture_default_str();
    create->add_flag("--bare", *bare, "Draw and import only: no passes, no shards");
    create->callback([request, bare, &options] {
        request->preprocess = !*bare;
        runCreate(*request, options);
    });
}

} // namespace nanodit::cli
