#include "core/encoders/autoencoder_original_names.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

/// The number at the front of `rest` and the dot behind it, taken from it; empty where there is none.
std::optional<std::int64_t> takeNumber(std::string_view& rest)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || end == rest.data() + rest.size() || *end != '.')
        return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
    return number;
}

bool take(std::string_view& rest, std::string_view start)
{
    if (!rest.starts_with(start))
        return false;
    rest.remove_prefix(start.size());
    return true;
}

std::string residual(std::string_view rest)
{
    return take(rest, "nin_shortcut.") ? "conv_shortcut." + std::string(rest) : std::string(rest);
}

std::string middle(std::string_view rest)
{
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> parts = {
        {{"block_1.", "resnets.0."},
         {"block_2.", "resnets.1."},
         {"attn_1.norm.", "attentions.0.group_norm."},
         {"attn_1.q.", "attentions.0.to_q."},
         {"attn_1.k.", "attentions.0.to_k."},
         {"attn_1.v.", "attentions.0.to_v."},
         {"attn_1.proj_out.", "attentions.0.to_out.0."}}};
    for (const auto& [theirs, ours] : parts) {
        if (take(rest, theirs))
            return std::string(ours) + residual(rest);
    }
    return std::string(rest);
}

/// Within the encoder or the decoder; "" for a name that is none of theirs.
std::string diffusersName(std::string_view rest, std::int64_t levels)
{
    if (take(rest, "mid."))
        return "mid_block." + middle(rest);
    if (take(rest, "norm_out."))
        return "conv_norm_out." + std::string(rest);
    const bool down = rest.starts_with("down."), up = rest.starts_with("up.");
    if (!down && !up)
        return std::string(rest); // conv_in, conv_out
    take(rest, down ? "down." : "up.");
    const auto level = takeNumber(rest);
    if (!level)
        return {};
    // Their decoder counts from the finest resolution, diffusers' from the coarsest.
    const auto block =
        (down ? "down_blocks." + std::to_string(*level) : "up_blocks." + std::to_string(levels - 1 - *level)) + ".";
    if (take(rest, "downsample."))
        return block + "downsamplers.0." + std::string(rest);
    if (take(rest, "upsample."))
        return block + "upsamplers.0." + std::string(rest);
    if (!take(rest, "block."))
        return {};
    const auto index = takeNumber(rest);
    return index ? block + "resnets." + std::to_string(*index) + "." + residual(rest) : std::string();
}

} // namespace

bool hasOriginalAutoencoderNames(const TensorMap& tensors)
{
    return std::any_of(tensors.begin(), tensors.end(),
                       [](const auto& item) { return item.first.find("encoder.mid.block_1.") != std::string::npos; });
}

TensorMap fromOriginalAutoencoderNames(const TensorMap& tensors, std::int64_t levels)
{
    TensorMap renamed;
    for (const auto& [name, tensor] : tensors) {
        std::string_view rest = name;
        std::string half;
        if (take(rest, "encoder."))
            half = "encoder.";
        else if (take(rest, "decoder."))
            half = "decoder.";
        const auto own = half.empty() ? name : diffusersName(rest, levels);
        if (own.empty())
            continue;
        // Their attention multiplies by convolutions of one pixel.
        const bool attention = own.find("attentions.0.to_") != std::string::npos;
        renamed.emplace(half + own, attention && tensor.dim() == 4 ? tensor.flatten(1) : tensor);
    }
    return renamed;
}

} // namespace nanodit
