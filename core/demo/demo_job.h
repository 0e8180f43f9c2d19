#pragma once

#include "core/config/workspace_config.h"
#include "core/demo/scene_kind.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

namespace nanodit {

struct DemoRequest {
    std::filesystem::path folder; ///< Must not hold a workspace yet.
    std::int64_t scenes = 600;
    std::uint64_t seed = 1;
    SceneKind kind{};
    std::filesystem::path encoders{}; ///< Folder of vae, dinov3-demo and t5-demo; empty: those of the program.
    bool preprocess = true;           ///< Also run the passes and pack shards.
    bool lossMasks = false;           ///< Write a mask of the loss beside each picture, by which things weigh more.
    std::function<void(const Workspace&)> finished = [](const auto&) {};
};
/// Draws scenes, imports them, points the workspace at the demo encoders; with `preprocess` makes it ready to train.
/// Also copies the reference checkpoint in as run "reference", but not beside other encoders than its own or other
/// scenes than plain ones of 128 pixels.
std::unique_ptr<Job> makeDemoJob(DemoRequest request);

} // namespace nanodit
