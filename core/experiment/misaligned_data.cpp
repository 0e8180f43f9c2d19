#include "core/experiment/misaligned_data.h"

#include "core/dataset/catalog.h"
#include "core/dataset/shard_set.h"
#include "core/dataset/shard_writer.h"
#include "core/inspect/wrong_crops.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/pass_encoders.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// CLS [D] in float32 and patches [N, D] in float16, as the dinov3 pass stores them.
struct DinoArrays {
    Array cls, patches;
};

class MisalignedEncoder {
public:
    MisalignedEncoder(const Workspace& workspace, const Compute& compute, const JobContext& context)
        : context_(context)
        , encode_(encodersOf(workspace, compute).loadPatch())
    {
    }

    /// Empty when stopped.
    std::optional<DinoArrays> operator()(const Record& record, ImageSize bucket) const
    {
        const auto original = readImage(record.image);
        const auto features = encode_({resampleBox(original, oldCentreCropOf(original.size).box, bucket)}, context_);
        if (!features.patches.defined())
            return std::nullopt;
        return DinoArrays{.cls = arrayFromTensor(features.cls[0].to(at::kCPU, at::kFloat).contiguous()),
                          .patches = arrayFromTensor(features.patches[0].to(at::kCPU, at::kHalf).contiguous())};
    }

private:
    const JobContext& context_;
    PatchEncoder encode_;
};

bool makeShards(const Workspace& workspace, const std::string& set, const fs::path& folder, const Compute& compute,
                const JobContext& context)
{
    const auto name = misalignedSetName(set);
    if (fs::exists(folder / "shards" / name))
        return true;
    const auto source = ShardSet::open(workspace.shardsFolder() / set);
    const auto catalog = Catalog::open(workspace);
    const at::NoGradGuard noGradient;
    const MisalignedEncoder encode(workspace, compute, context);
    const auto count = static_cast<std::int64_t>(source->entries().size());
    ProgressMeter meter(context, Stage::EncodingMisaligned, count, Unit::Samples);
    fs::create_directories(folder / "shards");
    ShardSetWriter writer(folder / "shards", name, {.encoders = source->encoders()});
    for (std::int64_t i = 0; i < count; ++i) { // In the source's order: a seed draws the same samples from both.
        if (context.shouldStop())
            return false;
        auto sample = source->read(i);
        const auto record = catalog.find(sample.id);
        if (!record)
            throw DataError("the sample " + sample.id + " of " + source->folder().string() +
                                " is no longer a record of the workspace",
                            remedy::PackShards{.replace = true});
        const auto arrays = encode(*record, sample.bucket);
        if (!arrays)
            return false;
        sample.cls = arrays->cls;
        sample.patches = arrays->patches;
        sample.info.erase("certificate");
        sample.info["misaligned"] = "on purpose: CLS and patches are those of the old centre crop";
        writer.add(sample);
        meter.advance();
    }
    writer.finish();
    return true;
}

bool makeValidationArrays(const Workspace& workspace, const fs::path& folder, const Compute& compute,
                          const JobContext& context)
{
    if (fs::exists(folder / "derived"))
        return true;
    const at::NoGradGuard noGradient;
    const MisalignedEncoder encode(workspace, compute, context);
    AtomicFolder made(folder / "derived");
    const auto fileIn = [](const fs::path& derived, ArrayKind kind, const std::string& id) {
        return derived / arrayFolderNames[static_cast<std::size_t>(kind)] / (id + ".npy");
    };
    for (const auto* name : arrayFolderNames)
        fs::create_directories(made.path() / name);
    for (const auto& record : Catalog::open(workspace).records()) {
        if (record.split != "val" || !record.excluded.empty())
            continue;
        for (const auto kind : {ArrayKind::T5, ArrayKind::Vae}) {
            const auto file = fileIn(workspace.derivedFolder(), kind, record.id);
            if (!fs::exists(file))
                throw DataError(file.string() + " is missing", remedy::RunPasses{.pass = passOf(kind)});
            fs::copy_file(file, fileIn(made.path(), kind, record.id));
        }
        if (context.shouldStop())
            return false;
        const auto arrays = encode(record, record.bucket);
        if (!arrays)
            return false;
        writeNpy(fileIn(made.path(), ArrayKind::DinoCls, record.id), arrays->cls);
        writeNpy(fileIn(made.path(), ArrayKind::DinoPatches, record.id), arrays->patches);
    }
    made.commit();
    return true;
}

} // namespace

std::string misalignedSetName(const std::string& set)
{
    return "misaligned-" + set;
}

Workspace misalignedView(Workspace workspace, const fs::path& folder)
{
    workspace.config.shards = fs::absolute(folder / "shards").string();
    workspace.config.derived = fs::absolute(folder / "derived").string();
    return workspace;
}

bool makeMisalignedData(const Workspace& workspace, const std::string& set, const fs::path& folder,
                        const ComputeChoice& device, const JobContext& context)
{
    const auto compute = makeCompute(device);
    return makeShards(workspace, set, folder, compute, context) &&
           makeValidationArrays(workspace, folder, compute, context);
}

} // namespace nanodit
