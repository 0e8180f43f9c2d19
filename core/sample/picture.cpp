#include "core/sample/picture.h"

#include "core/encoders/image_processor.h"

namespace nanodit {

at::Tensor latentFromPicture(const AutoencoderKl& autoencoder, const Image& picture)
{
    const at::NoGradGuard noGradient;
    const auto pixels = tensorFromImage(picture).to(autoencoder.device()).to(at::kFloat).div(127.5).sub(1);
    return autoencoder.modelLatent(autoencoder.encode(pixels.unsqueeze(0)).mean);
}

Image pictureFromLatent(const AutoencoderKl& autoencoder, const at::Tensor& latent)
{
    const at::NoGradGuard noGradient;
    const auto pixels =
        autoencoder.decodeWithinMemory(autoencoder.latentFromModel(latent.to(autoencoder.device(), at::kFloat)));
    return imageFromTensor((pixels[0] + 1) * 127.5);
}

} // namespace nanodit
