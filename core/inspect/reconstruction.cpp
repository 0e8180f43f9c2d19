#include "core/inspect/inspection.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/derived_array.h"
#include "core/runtime/error.h"
#include "core/sample/picture.h"
#include "core/sample/shared_models.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

Reconstruction compareWithReconstruction(const Image& bucketImage, Image reconstruction)
{
    if (bucketImage.size != reconstruction.size)
        throw DataError("the autoencoder gave a picture of " + bucketName(reconstruction.size) +
                        " pixels for a bucket of " + bucketName(bucketImage.size) + ": run the pass vae again");
    Reconstruction result{
        .picture = std::move(reconstruction),
        .error = {.grid = {.rows = bucketImage.size.height, .cols = bucketImage.size.width}, .values = {}}};
    const auto pixels = static_cast<std::size_t>(result.error.grid.count());
    result.error.values.resize(pixels);
    double squares = 0;
    for (std::size_t i = 0; i < pixels; ++i) {
        int sum = 0;
        for (std::size_t channel = 0; channel < 3; ++channel) {
            const int difference =
                static_cast<int>(bucketImage.rgb[3 * i + channel]) - result.picture.rgb[3 * i + channel];
            sum += std::abs(difference);
            squares += static_cast<double>(difference) * difference;
        }
        result.error.values[i] = static_cast<float>(sum) / 3;
    }
    result.psnr = squares > 0 ? 10 * std::log10(255.0 * 255.0 * 3 * static_cast<double>(pixels) / squares)
                              : std::numeric_limits<double>::infinity();
    return result;
}

struct Reconstructor::State {
    Workspace workspace;
    ComputeChoice compute;
    std::shared_ptr<const AutoencoderKl> autoencoder;
};

Reconstructor::Reconstructor(Workspace workspace, ComputeChoice compute)
    : state_(std::make_unique<State>(
          State{.workspace = std::move(workspace), .compute = std::move(compute), .autoencoder = {}}))
{
}

Reconstructor::~Reconstructor() = default;

Reconstruction Reconstructor::reconstruct(const RecordKey& record, const Image& bucketImage)
{
    const auto& workspace = state_->workspace;
    const auto file = arrayFile(workspace, ArrayKind::Vae, record.id);
    if (!fs::exists(file))
        throw DataError(file.string() + " is missing: run the pass vae");
    if (!state_->autoencoder) {
        if (workspace.config.vae.empty())
            throw UsageError((workspace.root / "workspace.yaml").string() + " names no autoencoder (encoders.vae)",
                             remedy::NameEncoder{remedy::Encoder::Vae});
        state_->autoencoder = openAutoencoder(workspace.path(workspace.config.vae), makeCompute(state_->compute));
    }
    const auto array = readNpy(file);
    if (array.shape.size() != 3 || array.shape[0] != state_->autoencoder->config().latentChannels)
        throw DataError(file.string() + " is of shape " + shapeText(array.shape) + ", but the autoencoder has " +
                        std::to_string(state_->autoencoder->config().latentChannels) +
                        " latent channels: run the pass vae again");
    return compareWithReconstruction(bucketImage,
                                     pictureFromLatent(*state_->autoencoder, tensorFromArray(array).unsqueeze(0)));
}

} // namespace nanodit
