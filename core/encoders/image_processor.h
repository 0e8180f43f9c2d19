#pragma once

/// What image processors do to a picture before a vision transformer sees it, after preprocessor_config.json.

#include "core/io/image.h"

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// pixel -> (pixel * rescale - mean) / std, per channel; pixels 0..255.
struct ImageNormalisation {
    std::array<double, 3> mean = {0.485, 0.456, 0.406};
    std::array<double, 3> std = {0.229, 0.224, 0.225};
    double rescale = 1.0 / 255;
    bool operator==(const ImageNormalisation&) const = default;
};

/// A picture as bytes, channels first. [3, H, W], uint8.
at::Tensor tensorFromImage(const Image& image);
/// Bytes to [-1, 1], as the autoencoder takes them. Any shape, float32.
at::Tensor unitFromBytes(const at::Tensor& bytes);
/// Values are clamped to [0, 255] and rounded. [3, H, W], any type.
Image imageFromTensor(const at::Tensor& pixels);

/// What the ViT sees of a bucket image: rescaled, resized (antialiased bilinear in float32, no crop, as
/// DINOv3ViTImageProcessor does) to `inputSize` (dinoInputSize of the bucket) and normalised. [1, 3, H, W], float32.
at::Tensor dinoPixels(const Image& bucketImage, ImageSize inputSize, const ImageNormalisation& normalisation);

/// The processors DINOv3ViTImageProcessor and BitImageProcessor of Hugging Face transformers 5 (torchvision backend),
/// with every setting that their preprocessor_config.json may hold. Others are refused by name.
class ImageProcessor {
public:
    /// Throws DataError naming `source` for a processor, a filter or a size that is not supported.
    static ImageProcessor fromJson(const nlohmann::json& config, const std::string& source);
    /// `folder`/preprocessor_config.json, or what newer libraries write in its place: "image_processor" in
    /// processor_config.json. Throws DataError when it is missing or broken.
    static ImageProcessor load(const std::filesystem::path& folder);
    /// Which of the two files there is; empty when there is neither.
    static std::filesystem::path fileIn(const std::filesystem::path& folder);

    /// image [C, H, W] uint8 with C = 1 (grey), 2 (grey, alpha), 3 or 4 (RGBA) -> pixel values [1, C', H', W'], float32
    /// (or uint8 when the settings neither rescale nor normalise).
    at::Tensor process(const at::Tensor& image) const;
    /// Mean, deviation and rescale factor. Throws DataError when the settings leave one of the steps out.
    ImageNormalisation normalisation() const;

private:
    enum class Kind { Dinov3, Bit };
    struct Size {
        std::optional<std::int64_t> height, width, shortestEdge, longestEdge, maxHeight, maxWidth;
    };
    static Size sizeFromJson(const nlohmann::json& value, bool squareFromNumber, const std::string& source);
    ImageSize resizedSize(ImageSize image) const;
    at::Tensor normalise(const at::Tensor& x) const;

    Kind kind_ = Kind::Dinov3;
    std::string source_;
    bool convertRgb_ = false, resize_ = true, centerCrop_ = false, rescale_ = true, normalize_ = true;
    Size size_, cropSize_, padSize_;
    std::int64_t resample_ = 2;
    double rescaleFactor_ = 1.0 / 255;
    std::vector<double> mean_, std_;
};

/// The JSON that transformers reads back for a DINOv3-style encoder of ours.
nlohmann::json dinov3ProcessorJson(const ImageNormalisation& normalisation, ImageSize size);

} // namespace nanodit
