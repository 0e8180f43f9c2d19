#pragma once

#include "core/encoders/autoencoder_kl.h"
#include "core/io/image.h"

namespace nanodit {

/// A picture as the model sees it, [1, C, h, w]: the mean of what the autoencoder makes of it.
at::Tensor latentFromPicture(const AutoencoderKl& autoencoder, const Image& picture);
/// Decodes latents as the model sees them, [1, C, h, w], to a picture.
Image pictureFromLatent(const AutoencoderKl& autoencoder, const at::Tensor& latent);

} // namespace nanodit
