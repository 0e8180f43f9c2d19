#include "tests/core/preprocess/pass_fixture.h"

#include "core/dataset/catalog.h"
#include "core/dataset/import_job.h"
#include "core/encoders/image_processor.h"
#include "core/io/atomic_file.h"
#include "core/io/sha256.h"
#include "core/preprocess/jobs.h"
#include "core/preprocess/survey.h"
#include "tests/support/files_below.h"

#include <ATen/ATen.h>

#include <sstream>
#include <utility>

namespace nanodit::test {

namespace fs = std::filesystem;

namespace {

at::Tensor pixelsOf(const std::vector<Image>& images)
{
    std::vector<at::Tensor> pictures;
    for (const auto& image : images)
        pictures.push_back(tensorFromImage(image).to(at::kFloat) / 255);
    return at::stack(pictures); // [B, 3, H, W]
}

std::string nameOf(int index)
{
    return "picture" + std::to_string(index);
}

} // namespace

std::string pixelHash(const Image& image)
{
    Sha256 hash;
    hash.update(std::as_bytes(std::span(image.rgb)));
    return hash.hex();
}

PassEncoders FakeEncoders::encoders()
{
    PassEncoders encoders;
    encoders.pixelsAtOnce = pixelsAtOnce;
    encoders.captionsAtOnce = captionsAtOnce;
    encoders.device = "by hand";
    encoders.workingBytes = [this](Pass, ImageSize, std::int64_t records) { return records * bytesEach; };
    encoders.expectations.textTokens = 16; // as the workspace of the fixture has it
    encoders.expectations.textWidth = 3;
    encoders.expectations.latentChannels = 4;
    encoders.expectations.dinoWidth = dinoWidth;
    encoders.expectations.patchSize = 16;
    encoders.obstacle = [this](Pass pass) { return obstacles[static_cast<std::size_t>(pass)]; };
    encoders.fingerprint = [this](Pass pass, const JobContext&) {
        return fingerprints[static_cast<std::size_t>(pass)];
    };
    encoders.loadText = [this]() -> TextEncoder {
        ++loads[0];
        return [this](const std::vector<std::string>& captions, const JobContext& context) {
            onText(captions);
            std::vector<at::Tensor> results;
            whileEncoding(context);
            if (context.control->stopRequested() && stopsInside)
                return results;
            for (const auto& caption : captions) {
                std::istringstream words(caption);
                std::vector<float> values;
                for (std::string word; words >> word;)
                    values.insert(values.end(), {float(word.size()), float(word[0]), float(captions.size())});
                values.insert(values.end(), {0, 1, float(captions.size())});
                results.push_back(at::tensor(values).reshape({-1, 3}));
                spoil(results.back());
                ++encoded;
            }
            return results;
        };
    };
    if (tokenCount)
        encoders.loadTokenCount = [this] { return tokenCount; };
    if (knowsMostOf)
        encoders.loadKnowsMostOf = [this] { return knowsMostOf; };
    encoders.loadLatent = [this]() -> LatentEncoder {
        ++loads[1];
        return [this](const std::vector<Image>& images, const JobContext& context) -> at::Tensor {
            onImages(images);
            whileEncoding(context);
            if (context.control->stopRequested() && stopsInside)
                return {};
            for (const auto& image : images)
                latentPictures.insert(pixelHash(image));
            const auto colours = at::avg_pool2d(pixelsOf(images), 8);
            auto latent = at::cat({colours, colours.mean(1, true) + double(images.size())}, 1);
            spoil(latent);
            encoded += latent.size(0);
            return latent;
        };
    };
    encoders.loadPatch = [this]() -> PatchEncoder {
        ++loads[2];
        return [this](const std::vector<Image>& images, const JobContext& context) -> PatchFeatures {
            onImages(images);
            whileEncoding(context);
            if (context.control->stopRequested() && stopsInside)
                return {};
            for (const auto& image : images)
                patchPictures.insert(pixelHash(image));
            const auto colours = at::avg_pool2d(pixelsOf(images), 16).flatten(2).transpose(1, 2); // [B, N, 3]
            const auto index =
                at::arange(colours.size(1)).to(at::kFloat).reshape({1, -1, 1}).expand_as(colours.slice(2, 0, 1));
            auto patches = at::cat({colours, index, at::full_like(index, double(images.size()))}, 2);
            if (dinoWidth > patches.size(2))
                patches = at::constant_pad_nd(patches, {0, dinoWidth - patches.size(2)});
            spoil(patches);
            encoded += patches.size(0);
            return {.cls = patches.mean(1), .patches = patches};
        };
    };
    return encoders;
}

PassFixture::PassFixture(int pictureCount)
    : count(pictureCount)
{
    WorkspaceConfig config;
    config.buckets = {{64, 64}, {96, 64}, {64, 96}};
    config.validationShare = 0;
    config.exclusions.nearDuplicateBits = -1; // they are alike on purpose
    config.textTokens = 16;
    workspace = Workspace::create(folder / "workspace", config);
    for (int i = 0; i < count; ++i) {
        draw(i, 20 * i);
        writeText(pictures / (nameOf(i) + ".txt"), "a caption of picture " + std::to_string(i));
    }
    import();
}

fs::path PassFixture::picture(int index) const
{
    return pictures / (nameOf(index) + ".png");
}

void PassFixture::draw(int index, int shade) const
{
    const std::array sizes = {ImageSize{70, 64}, ImageSize{120, 80}, ImageSize{64, 100}};
    Image image{.size = sizes[static_cast<std::size_t>(index) % sizes.size()], .rgb = {}};
    image.rgb.resize(static_cast<std::size_t>(3 * image.size.width * image.size.height));
    for (std::size_t i = 0; i < image.rgb.size(); ++i)
        image.rgb[i] = static_cast<std::uint8_t>(static_cast<std::size_t>(shade) + i / 5 + i % 3 * 40);
    fs::create_directories(pictures);
    writePng(picture(index), image);
}

void PassFixture::import() const
{
    makeImportJob({.workspace = workspace, .source = pictures})->run({});
}

PreprocessReport PassFixture::run(std::vector<Pass> passes, const JobContext& context)
{
    report = {};
    memoryUsed.clear();
    end = makePreprocessJobWith({.workspace = workspace,
                                 .passes = std::move(passes),
                                 .device = {},
                                 .finished = [this](const auto& r) { report = r; }},
                                fakes.encoders(),
                                {.maxFailures = maxFailures,
                                 .memory = memory,
                                 .onMemory = [this](const PassMemory& used) { memoryUsed.push_back(used); },
                                 .onFailure = onFailure},
                                freeBytes)
              ->run(context);
    return report;
}

PreprocessForecast PassFixture::forecast(std::vector<Pass> passes)
{
    PreprocessForecast forecast;
    makeForecastJobWith({.workspace = workspace,
                         .passes = std::move(passes),
                         .device = {},
                         .finished = [&forecast](const auto& f) { forecast = f; }},
                        fakes.encoders(), freeBytes)
        ->run({});
    return forecast;
}

fs::path PassFixture::array(ArrayKind kind, const std::string& id) const
{
    return workspace.derivedFolder() / arrayFolderNames[static_cast<std::size_t>(kind)] / (id + ".npy");
}

std::map<std::string, std::string> PassFixture::derivedFiles() const
{
    return filesBelow(workspace.derivedFolder());
}

std::map<std::string, std::array<ArrayState, 4>> PassFixture::states()
{
    auto catalog = Catalog::open(workspace);
    const auto encoders = fakes.encoders();
    const auto fingerprints = *usableFingerprints(encoders, {Pass::T5, Pass::Vae, Pass::Dino}, {});
    std::map<std::string, std::array<ArrayState, 4>> states;
    Survey(workspace, catalog, encoders.expectations, fingerprints).visit(Survey::Of::Included, {}, [&](auto part) {
        for (const auto& entry : part) {
            for (std::size_t i = 0; i < 4; ++i)
                states[entry.record.id][i] = stateOf(entry.arrays[i].verdict);
        }
    });
    return states;
}

} // namespace nanodit::test
