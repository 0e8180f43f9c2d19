#include "core/encoders/image_processor.h"

#include "core/encoders/json_fields.h"
#include "core/encoders/resize.h"
#include "core/io/array.h"
#include "core/io/presence.h"
#include "core/runtime/error.h"
#include "core/runtime/number_text.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace nanodit {

namespace {

constexpr std::array<double, 3> imageNetMean = {0.485, 0.456, 0.406};
constexpr std::array<double, 3> imageNetDeviation = {0.229, 0.224, 0.225};
constexpr std::array<double, 3> clipMean = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> clipDeviation = {0.26862954, 0.26130258, 0.27577711};

/// (x - mean) / deviation per channel; one channel becomes as many as there are means. x [B, C, H, W].
at::Tensor normalised(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& deviation)
{
    return (x - mean.view({1, -1, 1, 1})) / deviation.view({1, -1, 1, 1});
}

at::Tensor floats(std::span<const double> values)
{
    return at::tensor(std::vector<float>(values.begin(), values.end()));
}

/// Over white, in the arithmetic of PIL's alpha_composite: 7 bits beyond a byte, divisions by 255 rounded.
at::Tensor overWhite(const at::Tensor& rgba) // [4, H, W]
{
    const auto wide = rgba.to(at::kInt);
    const auto share = wide.narrow(0, 3, 1) * 128;
    const auto sum = wide.narrow(0, 0, 3) * share + 255 * (255 * 128 - share) + 128 * 128;
    return ((sum.div(256, "floor") + sum).div(256 * 128, "floor")).to(at::kByte);
}

at::Tensor asRgb(const at::Tensor& image) // [C, H, W]
{
    const auto grey = image.narrow(0, 0, 1).expand({3, image.size(1), image.size(2)});
    if (image.size(0) == 1)
        return grey;
    if (image.size(0) == 2)
        return overWhite(at::cat({grey, image.narrow(0, 1, 1)}, 0));
    return image.size(0) == 4 ? overWhite(image) : image;
}

/// The middle of the picture; where it is smaller, zeros around it.
at::Tensor centreCropped(at::Tensor image, std::int64_t height, std::int64_t width) // [B, C, H, W]
{
    const auto missingHeight = std::max<std::int64_t>(height - image.size(2), 0);
    const auto missingWidth = std::max<std::int64_t>(width - image.size(3), 0);
    if (missingHeight > 0 || missingWidth > 0)
        image = at::constant_pad_nd(
            image, {missingWidth / 2, (missingWidth + 1) / 2, missingHeight / 2, (missingHeight + 1) / 2}, 0);
    return image.narrow(2, (image.size(2) - height) / 2, height).narrow(3, (image.size(3) - width) / 2, width);
}

/// Zeros at the right and below.
at::Tensor padded(const at::Tensor& image, std::int64_t height, std::int64_t width) // [B, C, H, W]
{
    if (image.size(2) > height || image.size(3) > width)
        throw DataError("a picture of " + std::to_string(image.size(3)) + " x " + std::to_string(image.size(2)) +
                        " pixels cannot be padded to a pad_size of " + std::to_string(width) + " x " +
                        std::to_string(height));
    return at::constant_pad_nd(image, {0, width - image.size(3), 0, height - image.size(2)}, 0);
}

/// The picture's shortest side becomes `shortest`, unless the other would then exceed `longest`.
ImageSize withinEdges(ImageSize image, std::int64_t shortest, std::int64_t longest)
{
    const double height = double(image.height), width = double(image.width);
    auto size = shortest;
    std::optional<double> limited;
    if (std::max(height, width) / std::min(height, width) * double(shortest) > double(longest)) {
        limited = double(longest) * std::min(height, width) / std::max(height, width);
        size = std::int64_t(std::nearbyint(*limited));
    }
    const double exact = limited.value_or(double(size));
    if (std::min(image.height, image.width) == size)
        return image;
    if (image.width < image.height)
        return {size, std::int64_t(exact * height / width)};
    return {std::int64_t(exact * width / height), size};
}

std::vector<double> perChannel(const JsonFields& fields, const std::string& key, const std::array<double, 3>& absent)
{
    if (!fields.has(key))
        return {absent.begin(), absent.end()};
    const auto& value = fields.json()[key];
    if (value.is_number())
        return {value.get<double>()};
    const bool numbers =
        value.is_array() && std::all_of(value.begin(), value.end(), [](const auto& item) { return item.is_number(); });
    if (!numbers || (value.size() != 1 && value.size() != 3))
        throw DataError(fields.source() + " has \"" + key + "\": " + value.dump() +
                        ", where one number or three were expected");
    return value.get<std::vector<double>>();
}

} // namespace

at::Tensor tensorFromImage(const Image& image)
{
    auto interleaved = at::empty({image.size.height, image.size.width, 3}, at::kByte);
    std::memcpy(interleaved.data_ptr(), image.rgb.data(), image.rgb.size());
    return interleaved.permute({2, 0, 1}).contiguous();
}

at::Tensor unitFromBytes(const at::Tensor& bytes)
{
    return bytes.to(at::kFloat) / 127.5 - 1;
}

Image imageFromTensor(const at::Tensor& pixels)
{
    auto bytes = pixels.detach().cpu();
    if (bytes.scalar_type() != at::kByte)
        bytes = bytes.to(at::kFloat).round().clamp(0, 255).to(at::kByte);
    const auto interleaved = bytes.permute({1, 2, 0}).contiguous();
    Image image{.size = {interleaved.size(1), interleaved.size(0)},
                .rgb = std::vector<std::uint8_t>(std::size_t(interleaved.numel()))};
    std::memcpy(image.rgb.data(), interleaved.data_ptr(), image.rgb.size());
    return image;
}

at::Tensor dinoPixels(const Image& bucketImage, ImageSize inputSize, const ImageNormalisation& normalisation)
{
    const auto scaled = tensorFromImage(bucketImage).unsqueeze(0).to(at::kFloat) * normalisation.rescale;
    return normalised(resizeImage(scaled, inputSize, ResizeFilter::Bilinear), floats(normalisation.mean),
                      floats(normalisation.std));
}

ImageProcessor ImageProcessor::load(const std::filesystem::path& folder)
{
    const auto file = fileIn(folder);
    const auto fields = JsonFields::read(file.empty() ? folder / "preprocessor_config.json" : file);
    if (file.filename() != "processor_config.json")
        return fromJson(fields.json(), fields.source());
    if (!fields.has("image_processor"))
        throw DataError(fields.source() + " has no \"image_processor\": copy the model's preprocessor_config.json into "
                                          "its folder from where it came from");
    return fromJson(fields.json()["image_processor"], fields.source() + " (image_processor)");
}

std::filesystem::path ImageProcessor::fileIn(const std::filesystem::path& folder)
{
    for (const auto* const name : {"preprocessor_config.json", "processor_config.json"}) {
        if (isPresent(folder / name))
            return folder / name;
    }
    return {};
}

ImageProcessor ImageProcessor::fromJson(const nlohmann::json& config, const std::string& source)
{
    const JsonFields fields(config, source);
    ImageProcessor processor;
    processor.source_ = source;
    auto name = fields.text("image_processor_type", "");
    if (name.empty() && fields.has("feature_extractor_type"))
        name = fields.text("feature_extractor_type", "");
    if (name.empty())
        throw DataError(source + " has no \"image_processor_type\", so it does not say how pictures are prepared; copy "
                                 "the preprocessor_config.json of the same model in Hugging Face's layout there");
    if (name.ends_with("Fast"))
        name.erase(name.size() - 4);
    if (name != "DINOv3ViTImageProcessor" && name != "BitImageProcessor")
        throw DataError(source + " asks for the image processor \"" + name +
                        "\"; DINOv3ViTImageProcessor and BitImageProcessor are supported");
    const bool bit = name == "BitImageProcessor";
    processor.kind_ = bit ? Kind::Bit : Kind::Dinov3;
    processor.convertRgb_ = fields.boolean("do_convert_rgb", bit);
    processor.resize_ = fields.boolean("do_resize", true);
    processor.centerCrop_ = fields.boolean("do_center_crop", bit);
    processor.rescale_ = fields.boolean("do_rescale", true);
    processor.normalize_ = fields.boolean("do_normalize", true);
    processor.resample_ = fields.integer("resample", bit ? 3 : 2);
    processor.rescaleFactor_ = fields.number("rescale_factor", 1.0 / 255);
    processor.mean_ = perChannel(fields, "image_mean", bit ? clipMean : imageNetMean);
    processor.std_ = perChannel(fields, "image_std", bit ? clipDeviation : imageNetDeviation);
    const nlohmann::json defaultSize =
        bit ? nlohmann::json{{"shortest_edge", 224}} : nlohmann::json{{"height", 224}, {"width", 224}};
    processor.size_ = sizeFromJson(fields.has("size") ? fields.json()["size"] : defaultSize, !bit, source);
    if (fields.has("crop_size"))
        processor.cropSize_ = sizeFromJson(fields.json()["crop_size"], true, source);
    else if (bit)
        processor.cropSize_ = {
            .height = 224, .width = 224, .shortestEdge = {}, .longestEdge = {}, .maxHeight = {}, .maxWidth = {}};
    if (processor.resize_ && (processor.resample_ < 0 || processor.resample_ > 3))
        throw DataError(source + " asks for the resampling filter " + std::to_string(processor.resample_) +
                        "; 0 (nearest), 1 (Lanczos), 2 (bilinear) and 3 (bicubic) are supported");
    if (bit && fields.boolean("do_pad", false) && fields.has("pad_size"))
        processor.padSize_ = sizeFromJson(fields.json()["pad_size"], true, source);
    if (processor.padSize_.height.has_value() != processor.padSize_.width.has_value() ||
        processor.padSize_.shortestEdge)
        throw DataError(source + " asks for padding to a pad_size that is not a height and width");
    if (processor.centerCrop_ && (!processor.cropSize_.height || !processor.cropSize_.width))
        throw DataError(source + " asks for a centre crop without a crop_size of height and width");
    return processor;
}

ImageProcessor::Size ImageProcessor::sizeFromJson(const nlohmann::json& value, bool squareFromNumber,
                                                  const std::string& source)
{
    Size size;
    if (value.is_number_integer()) {
        if (squareFromNumber)
            size.height = size.width = value.get<std::int64_t>();
        else
            size.shortestEdge = value.get<std::int64_t>();
        return size;
    }
    if (value.is_array() && value.size() == 2 && value[0].is_number_integer() && value[1].is_number_integer()) {
        size.height = value[0].get<std::int64_t>();
        size.width = value[1].get<std::int64_t>();
        return size;
    }
    const JsonFields fields(value, source + " (size)");
    const auto read = [&](const char* key, std::optional<std::int64_t>& target) {
        if (fields.has(key))
            target = fields.count(key, 1);
    };
    read("height", size.height);
    read("width", size.width);
    read("shortest_edge", size.shortestEdge);
    read("longest_edge", size.longestEdge);
    read("max_height", size.maxHeight);
    read("max_width", size.maxWidth);
    const bool known = size.shortestEdge || (size.height && size.width) || (size.maxHeight && size.maxWidth);
    if (!known)
        throw DataError(source + " has the size " + value.dump() +
                        "; height and width, shortest_edge (with or without longest_edge), or max_height and max_width "
                        "were expected");
    return size;
}

ImageSize ImageProcessor::resizedSize(ImageSize image) const
{
    if (size_.shortestEdge && size_.longestEdge)
        return withinEdges(image, *size_.shortestEdge, *size_.longestEdge);
    if (size_.shortestEdge) {
        const auto shortest = *size_.shortestEdge;
        if (image.width <= image.height)
            return {shortest, std::int64_t(double(shortest * image.height) / double(image.width))};
        return {std::int64_t(double(shortest * image.width) / double(image.height)), shortest};
    }
    if (size_.maxHeight && size_.maxWidth) {
        const double scale =
            std::min(double(*size_.maxHeight) / double(image.height), double(*size_.maxWidth) / double(image.width));
        return {std::int64_t(double(image.width) * scale), std::int64_t(double(image.height) * scale)};
    }
    return {*size_.width, *size_.height};
}

at::Tensor ImageProcessor::process(const at::Tensor& image) const
{
    if (image.dim() != 3 || image.scalar_type() != at::kByte)
        throw DataError("a picture of the shape " + shapeText(image.sizes()) +
                        " cannot be processed: bytes [channels, height, width] were expected");
    auto x = (convertRgb_ ? asRgb(image) : image).unsqueeze(0); // [1, C, H, W]
    if (kind_ == Kind::Dinov3 && rescale_)
        x = x.to(at::kFloat) * rescaleFactor_;
    if (resize_) {
        constexpr std::array filters = {ResizeFilter::NearestExact, ResizeFilter::Lanczos, ResizeFilter::Bilinear,
                                        ResizeFilter::Bicubic};
        x = resizeImage(x.contiguous(), resizedSize({x.size(3), x.size(2)}), filters[std::size_t(resample_)]);
    }
    if (centerCrop_)
        x = centreCropped(x, *cropSize_.height, *cropSize_.width);
    if (normalize_)
        x = normalise(x);
    else if (kind_ == Kind::Bit && rescale_)
        x = x.to(at::kFloat) * rescaleFactor_;
    if (padSize_.height)
        x = padded(x, *padSize_.height, *padSize_.width);
    return x.contiguous();
}

at::Tensor ImageProcessor::normalise(const at::Tensor& x) const
{
    if (kind_ == Kind::Dinov3 && !rescale_)
        throw DataError(source_ + " asks to normalise without rescaling, which this processor cannot do");
    const bool broadcast = kind_ == Kind::Dinov3 && x.size(1) == 1; // the other normalises in place
    if (!broadcast && mean_.size() != 1 && x.size(1) != std::int64_t(mean_.size()))
        throw DataError(source_ + " gives " + std::to_string(mean_.size()) + " means for a picture of " +
                        std::to_string(x.size(1)) + " channels; set do_convert_rgb or convert the picture");
    auto mean = floats(mean_), deviation = floats(std_);
    if (kind_ == Kind::Bit && rescale_) {
        mean = mean * (1.0 / rescaleFactor_);
        deviation = deviation * (1.0 / rescaleFactor_);
    }
    return normalised(x.to(at::kFloat), mean, deviation);
}

ImageNormalisation ImageProcessor::normalisation() const
{
    if (!rescale_ || !normalize_)
        throw DataError(source_ + " leaves out rescaling or normalising, which the encoder's pixels need: set "
                                  "do_rescale and do_normalize to true");
    if (!(rescaleFactor_ > 0)) // every picture would be the same
        throw DataError(source_ + " has a rescale_factor of " + nlohmann::json(rescaleFactor_).dump() +
                        ", where a number above 0 was expected; the usual one is 1/255");
    ImageNormalisation result;
    const auto white = 255 * rescaleFactor_;
    constexpr double rounding = 1.001; // rescale_factor is written with few digits
    constexpr double farthest = 100;   // of a normalised pixel; ImageNet's lie within 3
    for (std::size_t channel = 0; channel < 3; ++channel) {
        const auto mean = mean_[mean_.size() == 1 ? 0 : channel], deviation = std_[std_.size() == 1 ? 0 : channel];
        result.mean[channel] = mean;
        result.std[channel] = deviation;
        // With means of bytes beside pixels from 0 to 1, or the other way round, every picture would look alike.
        if (!(mean >= 0 && mean <= rounding * white) || !(deviation > 0) || !(white / deviation <= farthest))
            throw DataError(source_ + " has an image_mean of " + significantText(mean, 4) + " and an image_std of " +
                            significantText(deviation, 4) + ", which do not fit pixels from 0 to " +
                            significantText(white, 4) +
                            " (255 times rescale_factor); copy the file again from where the model came from");
    }
    result.rescale = rescaleFactor_;
    return result;
}

nlohmann::json dinov3ProcessorJson(const ImageNormalisation& normalisation, ImageSize size)
{
    return {
        {"image_processor_type", "DINOv3ViTImageProcessor"},
        {"do_normalize", true},
        {"do_rescale", true},
        {"do_resize", true},
        {"image_mean", normalisation.mean},
        {"image_std", normalisation.std},
        {"resample", 2},
        {"rescale_factor", normalisation.rescale},
        {"size", {{"height", size.height}, {"width", size.width}}},
    };
}

} // namespace nanodit
