#pragma once

#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/stop.h"
#include "core/io/image.h"

#include <optional>

namespace nanodit {

/// A picture as the model sees it, [1, C, h, w]: the mean of what the autoencoder makes of it. Empty when `stop` said
/// so, which is asked within the autoencoder's layers.
std::optional<at::Tensor> latentFromPicture(const AutoencoderKl& autoencoder, const Image& picture,
                                            const StopCheck& stop);
/// Decodes latents as the model sees them, [1, C, h, w], to a picture.
Image pictureFromLatent(const AutoencoderKl& autoencoder, const at::Tensor& latent);
/// The same; empty when `stop` said so, which is asked within the autoencoder's layers.
std::optional<Image> pictureFromLatent(const AutoencoderKl& autoencoder, const at::Tensor& latent,
                                       const StopCheck& stop);

} // namespace nanodit
