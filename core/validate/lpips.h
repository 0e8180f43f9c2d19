#pragma once

#include "core/encoders/encoder_options.h"
#include "core/io/tensor.h"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

enum class LpipsNet { Alex, Vgg, Squeeze };

std::string nameOf(LpipsNet net);                   ///< "alex", "vgg", "squeeze"
LpipsNet lpipsNetFromName(const std::string& name); ///< Throws UsageError.

/// Learned perceptual distance of pictures (Zhang et al. 2018, arXiv:1801.03924), as version 0.1 of the lpips package
/// computes it with spatial averages. Immutable; any number of threads may use one.
class Lpips {
public:
    /// `backbone` holds torchvision's features.N.weight and .bias, `linear` the package's linN.model.1.weight. Throws
    /// DataError naming `source` and the tensor that is missing or of another shape.
    Lpips(LpipsNet net, const TensorMap& backbone, const TensorMap& linear, const std::string& source,
          const EncoderOptions& options = {});
    /// From a folder with the files under the names they are published by: the backbone as torchvision's
    /// alexnet-*.pth, vgg16-*.pth or squeezenet1_1-*.pth, the linear weights as the package's alex.pth, vgg.pth or
    /// squeeze.pth; each may be a .safetensors instead. Computes in float32 whatever the options' precision. Throws
    /// DataError telling what the folder lacks.
    static Lpips load(const std::filesystem::path& folder, LpipsNet net, const EncoderOptions& options = {});

    /// The distances of pictures [B, 3, H, W] in [-1, 1], at least 32 pixels a side: [B], 0 for equal ones. Throws
    /// UsageError for other shapes.
    at::Tensor distance(const at::Tensor& a, const at::Tensor& b) const;
    /// What each tapped layer adds to it: [B, taps].
    at::Tensor distanceByLayer(const at::Tensor& a, const at::Tensor& b) const;
    /// The tapped activations of pictures, before they are normalised: [B, C, h, w] each.
    std::vector<at::Tensor> features(const at::Tensor& pictures) const;
    /// All of them, by the names of their files.
    TensorMap weights() const;

private:
    LpipsNet net_;
    at::Device device_;
    TensorMap weights_;
    std::vector<at::Tensor> linear_;
};

} // namespace nanodit
