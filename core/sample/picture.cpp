#include "core/sample/picture.h"

#include "core/encoders/image_processor.h"

namespace nanodit {

std::optional<at::Tensor> latentFromPicture(const AutoencoderKl& autoencoder, const Image& picture,
                                            const StopCheck& stop)
{
    const at::NoGradGuard noGradient;
    const auto pixels = tensorFromImage(picture).to(autoencoder.device()).to(at::kFloat).div(127.5).sub(1);
    const auto encoded = autoencoder.encode(pixels.unsqueeze(0), stop);
    if (!encoded)
        return std::nullopt;
    return autoencoder.modelLatent(encoded->mean);
}

Image pictureFromLatent(const AutoencoderKl& autoencoder, const at::Tensor& latent)
{
    return *pictureFromLatent(autoencoder, latent, StopCheck());
}

std::optional<Image> pictureFromLatent(const AutoencoderKl& autoencoder, const at::Tensor& latent,
                                       const StopCheck& stop)
{
    const at::NoGradGuard noGradient;
    const auto pixels =
        autoencoder.decodeWithinMemory(autoencoder.latentFromModel(latent.to(autoencoder.device(), at::kFloat)), stop);
    if (!pixels)
        return std::nullopt;
    return imageFromTensor(((*pixels)[0] + 1) * 127.5);
}

} // namespace nanodit
