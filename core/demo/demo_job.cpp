#include "core/demo/demo_job.h"

#include "core/dataset/import_job.h"
#include "core/dataset/loss_mask.h"
#include "core/demo/scene.h"
#include "core/geometry/bucket.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/io/presence.h"
#include "core/preprocess/preprocess_job.h"
#include "core/preprocess/shard_job.h"
#include "core/runtime/error.h"
#include "core/runtime/resources.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::array encoderFolders = {"dinov3-demo", "t5-demo", "vae"};

WorkspaceConfig demoWorkspaceConfig(const SceneKind& kind)
{
    WorkspaceConfig config;
    config.dinoEncoder = "models/dinov3-demo";
    config.t5Encoder = "models/t5-demo";
    config.vae = "models/vae";
    const auto buckets = sceneBuckets(kind);
    config.buckets.assign(buckets.begin(), buckets.end());
    config.textTokens = demoTextTokens;
    config.exclusions.nearDuplicateBits = -1; // scenes of the same few things resemble each other
    return config;
}

/// Copies a folder under a temporary name and renames it; leaves one alone that is there already.
void copyFolder(const fs::path& from, const fs::path& to)
{
    if (fs::exists(to))
        return;
    if (!fs::is_directory(from))
        throw DataError(from.string() +
                        " is missing, which the demo needs: name a folder of encoders that holds vae, dinov3-demo and "
                        "t5-demo, or let NANODIT_RESOURCES name a complete resources folder");
    fs::create_directories(to.parent_path());
    writeFolderAtomically(to, [&from](const fs::path& inside) {
        fs::copy(from, inside, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    });
}

/// The demo in the making. workspace.yaml comes last: until then the same command goes on where it was stopped.
class DemoBuilder {
public:
    explicit DemoBuilder(DemoRequest request)
        : request_(std::move(request))
        , workspace_{.root = fs::absolute(request_.folder).lexically_normal(),
                     .config = demoWorkspaceConfig(request_.kind)}
    {
    }

    JobEnd run(const JobContext& context)
    {
        if (request_.scenes < 20)
            throw UsageError("a demo needs at least 20 scenes, to have some for validation, but " +
                             std::to_string(request_.scenes) + " were requested");
        checkSceneKind(request_.kind);
        if (isPresent(workspace_.root / "workspace.yaml"))
            throw DataError(workspace_.root.string() + " is a workspace already: open it, or choose another folder");
        begin();
        const auto encoders = request_.encoders.empty() ? resourcesFolder() / "demo" : request_.encoders;
        for (const auto* name : encoderFolders)
            copyFolder(encoders / name, workspace_.root / "models" / name);
        if (const auto reference = resourcesFolder() / "demo" / "reference";
            request_.encoders.empty() && request_.kind == SceneKind{} && fs::exists(reference))
            copyFolder(reference, workspace_.runsFolder() / "reference");
        if (!draw(context))
            return JobEnd::Cancelled;
        if (!importRecords(context) || (request_.preprocess && !prepare(context)))
            return JobEnd::Cancelled;
        workspace_.save();
        request_.finished(workspace_);
        return JobEnd::Finished;
    }

private:
    fs::path recordsFile() const { return workspace_.root / "data" / "records.jsonl"; }

    bool importRecords(const JobContext& context) const
    {
        ImportRequest request;
        request.workspace = workspace_;
        request.source = recordsFile();
        return makeImportJob(std::move(request))->run(context) == JobEnd::Finished;
    }

    /// The passes, then the shards.
    bool prepare(const JobContext& context) const
    {
        PreprocessRequest passes;
        passes.workspace = workspace_;
        if (makePreprocessJob(std::move(passes))->run(context) == JobEnd::Cancelled)
            return false;
        ShardRequest shards;
        shards.workspace = workspace_;
        shards.overwrite = true;
        return makeShardJob(std::move(shards))->run(context) == JobEnd::Finished;
    }

    /// Refuses to mix two demos in one folder.
    void begin() const
    {
        const auto file = workspace_.root / "data" / "demo.json";
        nlohmann::json wanted = {{"scenes", request_.scenes}, {"seed", request_.seed}};
        if (request_.kind != SceneKind{}) {
            wanted["style"] = sceneStyleNames[static_cast<std::size_t>(request_.kind.style)];
            wanted["side"] = request_.kind.side;
        }
        if (request_.lossMasks)
            wanted["loss_masks"] = true;
        if (isPresentFile(file)) {
            if (nlohmann::json::parse(readTextFile(file), nullptr, false) != wanted)
                throw DataError(workspace_.root.string() +
                                    " holds an unfinished demo with another number, seed, style or size of scenes, "
                                    "or with masks where this has none (data/demo.json)",
                                remedy::ChooseFolder{.orSameSettings = true});
            return;
        }
        std::error_code error;
        for (const auto* folder : {"images", "truth"})
            fs::create_directories(workspace_.root / "data" / folder, error);
        if (error)
            throw StoreError("the folder " + workspace_.root.string() + " could not be created: " + error.message());
        writeFileAtomically(file, wanted.dump() + "\n");
    }

    /// False when stopped.
    bool draw(const JobContext& context) const
    {
        ProgressMeter meter(context, Stage::DrawingScenes, request_.scenes, Unit::Scenes);
        std::string records;
        for (std::int64_t index = 0; index < request_.scenes; ++index) {
            if (context.shouldStop())
                return false;
            const auto scene = makeScene(request_.seed, index, request_.kind);
            const auto image = workspace_.imagesFolder() / (scene.id + ".png");
            if (!fs::exists(image)) {
                writeFileAtomically(workspace_.root / "data" / "truth" / (scene.id + ".json"),
                                    truthOf(scene).dump(1) + "\n");
                writeFileAtomically(workspace_.imagesFolder() / (scene.id + ".txt"), scene.caption + "\n");
                if (request_.lossMasks)
                    writePng(workspace_.imagesFolder() / (scene.id + std::string(lossMaskEnding) + ".png"),
                             thingMask(scene));
                writePng(image, drawScene(scene));
            }
            const nlohmann::json record = {{"id", scene.id},
                                           {"image", "images/" + scene.id + ".png"},
                                           {"caption", scene.caption},
                                           {"aspect_bucket", bucketName(scene.bucket)},
                                           {"split", scene.split}};
            records += record.dump() + "\n";
            meter.advance();
        }
        writeFileAtomically(recordsFile(), records);
        return true;
    }

    DemoRequest request_;
    Workspace workspace_;
};

} // namespace

std::unique_ptr<Job> makeDemoJob(DemoRequest request)
{
    return makeJob(
        [request = std::move(request)](const JobContext& context) { return DemoBuilder(request).run(context); });
}

} // namespace nanodit
