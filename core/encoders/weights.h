#pragma once

/// The weights of a frozen (or of our own, trainable) encoder: named tensors that were checked once and are converted
/// tensor by tensor when they are used, so that half-precision files stay mapped as they are stored.

#include "core/encoders/encoder_options.h"
#include "core/encoders/stop.h"
#include "core/io/tensor.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// A tensor that a model cannot do without.
struct ExpectedTensor {
    std::string name; ///< By which the model looks it up.
    std::vector<std::int64_t> shape;
    std::string nameInFiles; ///< For messages, where files call it otherwise.
};

/// Named weights. Holding them costs nothing: pages of a mapped file are read when a tensor is first used.
class EncoderWeights {
public:
    EncoderWeights() = default;
    /// `source` names the file or folder in messages. Throws DataError when a tensor of `expected` is missing, of
    /// another shape or no floating-point tensor, naming it, what was found and what was expected, and when there are
    /// scales of quantised weights, tensors of further layers, or weights and biases that a layer was to do without.
    /// Others are left out.
    EncoderWeights(TensorMap tensors, std::span<const ExpectedTensor> expected, const std::string& source,
                   const EncoderOptions& options);

    /// The tensor on the device in the compute precision (itself, when it is so already: gradients reach it).
    at::Tensor get(const std::string& name) const;
    /// The same, or an undefined tensor when the model has none of this name (an absent bias).
    at::Tensor find(const std::string& name) const;
    /// As stored: for tables of which only rows are used.
    const at::Tensor& stored(const std::string& name) const;
    const TensorMap& all() const { return tensors_; }
    const EncoderOptions& options() const { return options_; }

    /// x W^T + b with W = NAME.weight [out, in] and, where there is one, b = NAME.bias. x [..., in] -> [..., out].
    /// Large ones go in parts when there is a `stop`, whose answer leaves by EncodingStopped.
    at::Tensor linear(const at::Tensor& x, const std::string& name, const StopCheck& stop = {}) const;
    /// The same in the type of the products, for what they would round again.
    at::Tensor product(const at::Tensor& x, const std::string& name, const StopCheck& stop = {}) const;
    /// x as products round it: once, where several take it.
    at::Tensor factor(const at::Tensor& x) const;
    /// LayerNorm over the last dimension with NAME.weight and NAME.bias.
    at::Tensor layerNorm(const at::Tensor& x, const std::string& name, double eps) const;

private:
    bool isOfFurtherLayer(const std::string& name) const;
    bool isLeftOutOfLayer(const std::string& name) const;

    TensorMap tensors_;
    EncoderOptions options_;
};

/// Every tensor of a model folder's weights (core/io/model_folder.h says which files), mapped. Throws DataError.
TensorMap readModelFolder(const std::filesystem::path& folder);

/// Throws DataError where there are scales that weights have to be multiplied by: quantised weights are not read, and
/// converted ones may lack that multiplication.
void expectNoScales(const TensorMap& tensors, const std::string& source);

/// Of a file that holds a larger model, or wraps one: the tensors below the prefix at which `anchor` lies, without it
/// ("vae." before "encoder.conv_in.weight"; the shortest of several). As they are where there is no such tensor.
TensorMap withoutPrefix(TensorMap tensors, const std::string& anchor);

} // namespace nanodit
