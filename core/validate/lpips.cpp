#include "core/validate/lpips.h"

#include "core/io/array_tensors.h"
#include "core/io/model_folder.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <array>
#include <cstdint>
#include <span>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// A step of torchvision's `features`.
struct Layer {
    enum class Kind { Convolution, Pool, Fire } kind;
    int index;           ///< N in features.N
    int in, out, kernel; ///< Fire: squeezed channels in `kernel`, each of its two expansions gives out / 2.
    int stride, padding; ///< Pool: ceil_mode in `padding`.
    bool tapped = false; ///< After its ReLU.
};

constexpr auto convolution = Layer::Kind::Convolution;
constexpr auto pool = Layer::Kind::Pool;
constexpr auto fire = Layer::Kind::Fire;

// torchvision/models/{alexnet,vgg,squeezenet}.py; taps: lpips/pretrained_networks.py
constexpr std::array alexLayers{
    Layer{convolution, 0, 3, 64, 11, 4, 2, true},    Layer{pool, 2, 64, 64, 3, 2, 0},
    Layer{convolution, 3, 64, 192, 5, 1, 2, true},   Layer{pool, 5, 192, 192, 3, 2, 0},
    Layer{convolution, 6, 192, 384, 3, 1, 1, true},  Layer{convolution, 8, 384, 256, 3, 1, 1, true},
    Layer{convolution, 10, 256, 256, 3, 1, 1, true},
};
constexpr std::array vggLayers{
    Layer{convolution, 0, 3, 64, 3, 1, 1},
    Layer{convolution, 2, 64, 64, 3, 1, 1, true},
    Layer{pool, 4, 64, 64, 2, 2, 0},
    Layer{convolution, 5, 64, 128, 3, 1, 1},
    Layer{convolution, 7, 128, 128, 3, 1, 1, true},
    Layer{pool, 9, 128, 128, 2, 2, 0},
    Layer{convolution, 10, 128, 256, 3, 1, 1},
    Layer{convolution, 12, 256, 256, 3, 1, 1},
    Layer{convolution, 14, 256, 256, 3, 1, 1, true},
    Layer{pool, 16, 256, 256, 2, 2, 0},
    Layer{convolution, 17, 256, 512, 3, 1, 1},
    Layer{convolution, 19, 512, 512, 3, 1, 1},
    Layer{convolution, 21, 512, 512, 3, 1, 1, true},
    Layer{pool, 23, 512, 512, 2, 2, 0},
    Layer{convolution, 24, 512, 512, 3, 1, 1},
    Layer{convolution, 26, 512, 512, 3, 1, 1},
    Layer{convolution, 28, 512, 512, 3, 1, 1, true},
};
constexpr std::array squeezeLayers{
    Layer{convolution, 0, 3, 64, 3, 2, 0, true}, Layer{pool, 2, 64, 64, 3, 2, 1},
    Layer{fire, 3, 64, 128, 16, 1, 0},           Layer{fire, 4, 128, 128, 16, 1, 0, true},
    Layer{pool, 5, 128, 128, 3, 2, 1},           Layer{fire, 6, 128, 256, 32, 1, 0},
    Layer{fire, 7, 256, 256, 32, 1, 0, true},    Layer{pool, 8, 256, 256, 3, 2, 1},
    Layer{fire, 9, 256, 384, 48, 1, 0, true},    Layer{fire, 10, 384, 384, 48, 1, 0, true},
    Layer{fire, 11, 384, 512, 64, 1, 0, true},   Layer{fire, 12, 512, 512, 64, 1, 0, true},
};

struct NetDescription {
    const char* name;
    const char* backbone; ///< The file's name begins with it.
    std::span<const Layer> layers;
};

const NetDescription& describe(LpipsNet net)
{
    static const std::array nets{NetDescription{"alex", "alexnet-", alexLayers},
                                 NetDescription{"vgg", "vgg16-", vggLayers},
                                 NetDescription{"squeeze", "squeezenet1_1-", squeezeLayers}};
    return nets.at(static_cast<std::size_t>(net));
}

at::Tensor checked(const TensorMap& tensors, const std::string& name, const std::vector<std::int64_t>& shape,
                   const std::string& source)
{
    const auto found = tensors.find(name);
    if (found == tensors.end())
        throw DataError(source + " lacks the tensor " + name + ", which LPIPS needs");
    if (found->second.sizes() != at::IntArrayRef(shape) || !found->second.is_floating_point())
        throw DataError(source + ": " + name + " has the shape " + c10::str(found->second.sizes()) +
                        ", but LPIPS needs " + c10::str(at::IntArrayRef(shape)) + " of floating-point numbers");
    return found->second.to(at::kFloat).contiguous();
}

std::string featureName(const Layer& layer, const std::string& part = {})
{
    return "features." + std::to_string(layer.index) + part;
}

std::string linearName(std::size_t tap)
{
    return "lin" + std::to_string(tap) + ".model.1.weight";
}

void takeConvolution(TensorMap& weights, const TensorMap& from, const std::string& name, int in, int out, int kernel,
                     const std::string& source)
{
    weights[name + ".weight"] = checked(from, name + ".weight", {out, in, kernel, kernel}, source);
    weights[name + ".bias"] = checked(from, name + ".bias", {out}, source);
}

TensorMap readWeights(const fs::path& file)
{
    return tensorsFromArrays(readWeightsFile(file), file.string());
}

/// The folder's file that `fits`, or an empty path.
template<typename Fits>
fs::path fileOf(const fs::path& folder, const Fits& fits)
{
    std::error_code ignored;
    fs::path best;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const auto ending = entry.path().extension();
        if ((ending == ".pth" || ending == ".pt" || ending == ".safetensors") && fits(entry.path().stem().string()) &&
            (best.empty() || entry.path() < best))
            best = entry.path();
    }
    return best;
}

/// at::conv2d without TensorFloat-32, whatever a training of this process lets a GPU use: what is measured must not
/// depend on it.
at::Tensor float32Convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {},
                              std::int64_t stride = 1, std::int64_t padding = 0)
{
    const auto& context = at::globalContext();
    const bool deterministic = context.deterministicCuDNN() || context.deterministicAlgorithms();
    const std::array both = {stride, stride}, around = {padding, padding};
    constexpr std::array<std::int64_t, 2> dilation = {1, 1}, outputPadding = {0, 0};
    return at::_convolution(x, weight, bias, both, around, dilation, false, outputPadding, 1, context.benchmarkCuDNN(),
                            deterministic, context.userEnabledCuDNN(), false);
}

/// Each pixel's channels to length 1. [B, C, h, w]
at::Tensor unitChannels(const at::Tensor& x)
{
    return x / (x.square().sum(1, true).sqrt() + 1e-10);
}

} // namespace

std::string nameOf(LpipsNet net)
{
    return describe(net).name;
}

LpipsNet lpipsNetFromName(const std::string& name)
{
    for (const auto net : {LpipsNet::Alex, LpipsNet::Vgg, LpipsNet::Squeeze}) {
        if (nameOf(net) == name)
            return net;
    }
    throw UsageError("LPIPS knows no network \"" + name + "\": choose alex, vgg or squeeze");
}

Lpips::Lpips(LpipsNet net, const TensorMap& backbone, const TensorMap& linear, const std::string& source,
             const EncoderOptions& options)
    : net_(net)
    , device_(options.device)
{
    for (const auto& layer : describe(net).layers) {
        if (layer.kind == convolution)
            takeConvolution(weights_, backbone, featureName(layer), layer.in, layer.out, layer.kernel, source);
        if (layer.kind == fire) {
            takeConvolution(weights_, backbone, featureName(layer, ".squeeze"), layer.in, layer.kernel, 1, source);
            takeConvolution(weights_, backbone, featureName(layer, ".expand1x1"), layer.kernel, layer.out / 2, 1,
                            source);
            takeConvolution(weights_, backbone, featureName(layer, ".expand3x3"), layer.kernel, layer.out / 2, 3,
                            source);
        }
        if (layer.tapped)
            linear_.push_back(checked(linear, linearName(linear_.size()), {1, layer.out, 1, 1}, source).to(device_));
    }
    for (auto& [name, tensor] : weights_)
        tensor = tensor.to(device_);
}

Lpips Lpips::load(const fs::path& folder, LpipsNet net, const EncoderOptions& options)
{
    const auto& description = describe(net);
    const std::string name = description.name, prefix = description.backbone;
    const auto backbone = fileOf(folder, [&prefix](const std::string& stem) { return stem.starts_with(prefix); });
    const auto linear = fileOf(folder, [&name](const std::string& stem) { return stem == name; });
    if (backbone.empty() || linear.empty())
        throw DataError(folder.string() + " lacks weights for LPIPS (" + name +
                        "): " + (backbone.empty() ? "put torchvision's " + prefix + "*.pth there" : "") +
                        (backbone.empty() && linear.empty() ? " and " : "") +
                        (linear.empty() ? "put " + name + ".pth of the lpips package (lpips/weights/v0.1) there" : ""));
    return {net, readWeights(backbone), readWeights(linear), folder.string(), options};
}

TensorMap Lpips::weights() const
{
    auto all = weights_;
    for (std::size_t tap = 0; tap < linear_.size(); ++tap)
        all.emplace(linearName(tap), linear_[tap]);
    return all;
}

std::vector<at::Tensor> Lpips::features(const at::Tensor& pictures) const
{
    const at::NoGradGuard noGrad;
    // lpips.py, ScalingLayer: the backbones' own mean and deviation, for pictures in [-1, 1].
    const auto shift = at::tensor({-.030F, -.088F, -.188F}).to(device_).view({1, 3, 1, 1});
    const auto scale = at::tensor({.458F, .448F, .450F}).to(device_).view({1, 3, 1, 1});
    auto x = (pictures.to(device_, at::kFloat) - shift) / scale;
    const auto convolve = [this](const at::Tensor& input, const std::string& name, int stride, int padding) {
        return at::relu(
            float32Convolution(input, weights_.at(name + ".weight"), weights_.at(name + ".bias"), stride, padding));
    };
    std::vector<at::Tensor> taps;
    for (const auto& layer : describe(net_).layers) {
        switch (layer.kind) {
        case convolution:
            x = convolve(x, featureName(layer), layer.stride, layer.padding);
            break;
        case pool:
            x = at::max_pool2d(x, layer.kernel, layer.stride, 0, 1, layer.padding != 0);
            break;
        case fire:
            x = convolve(x, featureName(layer, ".squeeze"), 1, 0);
            x = at::cat({convolve(x, featureName(layer, ".expand1x1"), 1, 0),
                         convolve(x, featureName(layer, ".expand3x3"), 1, 1)},
                        1);
            break;
        }
        if (layer.tapped)
            taps.push_back(x);
    }
    return taps;
}

at::Tensor Lpips::distanceByLayer(const at::Tensor& a, const at::Tensor& b) const
{
    if (a.dim() != 4 || a.sizes() != b.sizes() || a.size(1) != 3 || a.size(2) < 32 || a.size(3) < 32)
        throw UsageError("LPIPS compares pictures [B, 3, H, W] of the same size, 32 pixels or more a side, but got " +
                         c10::str(a.sizes()) + " and " + c10::str(b.sizes()));
    const at::NoGradGuard noGrad;
    const auto ours = features(a), theirs = features(b);
    std::vector<at::Tensor> distances;
    for (std::size_t i = 0; i < linear_.size(); ++i) {
        const auto difference = (unitChannels(ours[i]) - unitChannels(theirs[i])).square();
        distances.push_back(float32Convolution(difference, linear_[i]).mean({1, 2, 3}));
    }
    return at::stack(distances, 1);
}

at::Tensor Lpips::distance(const at::Tensor& a, const at::Tensor& b) const
{
    return distanceByLayer(a, b).sum(1);
}

} // namespace nanodit
