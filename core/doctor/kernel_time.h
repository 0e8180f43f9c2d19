#pragma once

#include "core/doctor/kernel_facts.h"
#include "core/doctor/step_time.h"

namespace nanodit {

/// What can be timed beside a training step.
enum class KernelKind {
    Attention, ///< A block's self and cross attention at the configuration's shape.
    Dino,      ///< A DINOv3 ViT-L with random weights on a batch of pictures.
    T5,        ///< Two layers of the encoder of T5 XXL with random weights on a batch of captions.
    Sample,    ///< Guided velocities, as each step of a sampler needs one: by text and DINO, by text, by nothing.
    Vae,       ///< An autoencoder of FLUX's shape with random weights: encoding a batch, and decoding it.
};

struct KernelTimes {
    std::string where; ///< "CPU, 2 threads, bf16"
    /// A product of two 2048 x 2048 matrices in the same precision on the same device: what the others are a share of.
    KernelTime product;
    std::vector<KernelTime> kernels;
    std::int64_t memory = 0; ///< Bytes: most that the process held, or on a GPU all that is taken there in the end.
    bool onGpu = false;
};

struct KernelTimeRequest {
    KernelKind kind = KernelKind::Attention;
    StepTimeRequest shape; ///< Its `steps` are repetitions; `finished` is not called.
    std::function<void(const KernelTimes&)> finished = [](const auto&) {};
};

/// Throws ConfigError when the configuration cannot be used, UsageError for an absent device.
std::unique_ptr<Job> makeKernelTimeJob(KernelTimeRequest request);

} // namespace nanodit
