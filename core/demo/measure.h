#pragma once

#include "core/demo/scene_set.h"
#include "core/demo/train_encoders_job.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/t5.h"
#include "core/runtime/job.h"

namespace nanodit {

/// Each fills its part of the figures, on scenes that the encoder has not seen. Return early when the job should stop.

void measureAutoencoder(const AutoencoderKl& autoencoder, const SceneSet& scenes, const JobContext& context,
                        DemoFigures& figures);
/// Nearest by cosine among the patches of `reference`'s scenes. A patch's label is what covers most of it.
void measureDino(const DinoEncoder& encoder, const SceneSet& scenes, const SceneSet& reference,
                 const JobContext& context, DemoFigures& figures);
/// Distances are Euclidean, between means over a caption's tokens.
void measureText(const T5Encoder& encoder, const SceneSet& scenes, const JobContext& context, DemoFigures& figures);

/// All three, for encoders in `folder`, on scenes of a kind. Empty when stopped.
std::optional<DemoFigures> measureDemoEncoders(const std::filesystem::path& folder, const SceneKind& kind,
                                               std::uint64_t seed, std::int64_t scenes, const JobContext& context);

} // namespace nanodit
