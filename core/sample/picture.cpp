#include "core/sample/picture.h"

#include "core/encoders/image_processor.h"

namespace nanodit {

Image pictureFromLatent(const AutoencoderKl& autoencoder, const at::Tensor& latent)
{
    const at::NoGradGuard noGradient;
    const auto pixels =
        autoencoder.decodeWithinMemory(autoencoder.latentFromModel(latent.to(autoencoder.device(), at::kFloat)));
    return imageFromTensor((pixels[0] + 1) * 127.5);
}

} // namespace nanodit
