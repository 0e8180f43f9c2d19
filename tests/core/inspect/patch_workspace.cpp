#include "tests/core/inspect/patch_workspace.h"

#include "core/dataset/import_job.h"
#include "core/encoders/image_processor.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/jobs.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <random>

namespace nanodit::test {

namespace {

constexpr std::int64_t patchSize = 16, width = 24;

/// [B, 3, H, W] of one size to [B, N, D].
at::Tensor project(const at::Tensor& pixels)
{
    at::manual_seed(77);
    const auto weights = at::randn({3 * patchSize * patchSize, width});
    const auto common = at::randn({width});
    const auto patches = at::im2col(pixels, {patchSize, patchSize}, {1, 1}, {0, 0}, {patchSize, patchSize})
                             .transpose(1, 2); // [B, N, 3 * p * p]
    return (patches - 0.5).matmul(weights) / 10 + common;
}

} // namespace

PatchWorkspace::PatchWorkspace(int pictureCount)
    : count(pictureCount)
{
    WorkspaceConfig config;
    config.buckets = {{192, 128}, {128, 192}};
    config.validationShare = 0;
    config.exclusions.nearDuplicateBits = -1; // they are alike on purpose
    workspace = Workspace::create(folder / "workspace", config);
    for (int i = 0; i < count; ++i) {
        draw(i, static_cast<std::uint64_t>(i));
        writeText(folder / "pictures" / (id(i) + ".txt"), "picture " + std::to_string(i));
    }
    makeImportJob({.workspace = workspace, .source = folder / "pictures"})->run({});
    preprocess();
}

PassEncoders PatchWorkspace::encoders()
{
    PassEncoders encoders;
    encoders.expectations.dinoWidth = width;
    encoders.expectations.patchSize = patchSize;
    encoders.dinoRegisters = registers;
    encoders.obstacle = [](Pass pass) { return pass == Pass::Dino ? std::string() : "there is none"; };
    encoders.fingerprint = [this](Pass, const JobContext&) { return fingerprint; };
    encoders.loadPatch = [this]() -> PatchEncoder {
        return [this](const std::vector<Image>& images, const JobContext&) -> PatchFeatures {
            std::vector<at::Tensor> all;
            for (const auto& image : images)
                all.push_back(encode(image));
            const auto patches = at::stack(all);
            return {.cls = patches.mean(1), .patches = patches};
        };
    };
    return encoders;
}

at::Tensor PatchWorkspace::encode(const Image& image)
{
    ++encoded;
    const auto input = dinoInputSize(image.size, patchSize);
    return project(dinoPixels(image, input, {.mean = {0, 0, 0}, .std = {1, 1, 1}}))[0];
}

void PatchWorkspace::preprocess()
{
    makePreprocessJobWith({.workspace = workspace, .passes = {Pass::Dino}, .device = {}}, encoders())->run({});
}

void PatchWorkspace::draw(int index, std::uint64_t seed) const
{
    const bool wide = index % 2 == 0;
    Image image{.size = wide ? ImageSize{400, 240} : ImageSize{220, 380}, .rgb = {}};
    image.rgb.resize(static_cast<std::size_t>(3 * image.size.width * image.size.height));
    std::mt19937_64 random(seed);
    const auto below = [&random](std::int64_t bound) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
    };
    for (int box = 0; box < 60; ++box) {
        const auto left = below(image.size.width), top = below(image.size.height);
        const auto right = std::min(image.size.width, left + 20 + below(90));
        const auto bottom = std::min(image.size.height, top + 20 + below(90));
        const std::array colour = {below(256), below(256), below(256)};
        for (auto y = top; y < bottom; ++y)
            for (auto x = left; x < right; ++x)
                for (std::size_t c = 0; c < 3; ++c)
                    image.at(x, y)[c] = static_cast<std::uint8_t>(colour[c]);
    }
    std::filesystem::create_directories(folder / "pictures");
    writePng(picture(index), image);
}

std::filesystem::path PatchWorkspace::picture(int index) const
{
    return folder / "pictures" / (id(index) + ".png");
}

ImageSize PatchWorkspace::bucket(int index) const
{
    return index % 2 == 0 ? ImageSize{192, 128} : ImageSize{128, 192};
}

std::filesystem::path PatchWorkspace::patchFile(int index) const
{
    return workspace.derivedFolder() / "dinov3_patches" / (id(index) + ".npy");
}

at::Tensor PatchWorkspace::patches(int index) const
{
    const auto grid = dinoGrid(bucket(index), patchSize);
    return tensorFromArray(readNpy(patchFile(index))).to(at::kFloat).reshape({grid.rows, grid.cols, -1});
}

void PatchWorkspace::store(int index, const at::Tensor& patches) const
{
    writeNpy(patchFile(index), arrayFromTensor(patches.reshape({-1, patches.size(-1)}).to(at::kHalf).contiguous()));
}

} // namespace nanodit::test
