#pragma once

#include "core/encoders/autoencoder_kl.h"
#include "core/io/image.h"

namespace nanodit {

/// Decodes latents as the model sees them, [1, C, h, w], to a picture.
Image pictureFromLatent(const AutoencoderKl& autoencoder, const at::Tensor& latent);

} // namespace nanodit
