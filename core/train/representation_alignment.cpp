#include "core/train/representation_alignment.h"

#include <ATen/ATen.h>

namespace nanodit {

namespace {

constexpr double smallest = 1e-6;
/// Random numbers of the projector are not those of the model with the same seed.
constexpr std::uint64_t ownNumbers = 0x72657061; // "repa"

std::int64_t blockOf(const TrainConfig& config)
{
    const auto depth = config.model.depth;
    const auto number = config.repa.block > 0 ? config.repa.block : (depth + 2) / 3;
    return number - 1;
}

} // namespace

at::Tensor spatiallyNormalised(const at::Tensor& patches)
{
    const auto centred = patches - patches.mean(1, true);
    return centred / (centred.square().mean(1, true).sqrt() + smallest);
}

RepresentationAlignment::RepresentationAlignment(const TrainConfig& config, at::Device device)
    : block_(blockOf(config))
{
    const at::NoGradGuard noGradient;
    ParameterMaker make(static_cast<std::uint64_t>(config.seed) ^ ownNumbers, device);
    const auto out = config.model.dinoDim;
    projector_ = {.weight = make.xavierUniform("repa_projector.weight", {out, config.model.hiddenSize, 3, 3}),
                  .bias = make.zeros("repa_projector.bias", {out})};
    parameters_ = make.made();
}

at::Tensor RepresentationAlignment::loss(const at::Tensor& tokens, GridSize latents, const at::Tensor& patches,
                                         GridSize patchGrid, const at::Tensor& weights) const
{
    const auto batch = tokens.size(0);
    const auto map = tokens.transpose(1, 2).reshape({batch, tokens.size(2), latents.rows, latents.cols});
    auto projected = at::conv2d(map, projector_.weight, projector_.bias, 1, 1).to(at::kFloat); // [B, E, rows, cols]
    if (patchGrid != latents)
        projected = at::upsample_bilinear2d(projected, {patchGrid.rows, patchGrid.cols}, false);
    projected = projected.flatten(2); // [B, E, N]
    at::Tensor teacher;               // of length 1
    {
        const at::NoGradGuard noGradient;
        teacher = spatiallyNormalised(patches.to(at::kFloat)).transpose(1, 2);
        teacher = teacher / (at::linalg_vector_norm(teacher, 2, at::IntArrayRef{1}, true) + smallest);
    }
    const auto length = (projected.square().sum(1) + smallest * smallest).sqrt();
    const auto distances = 1 - (projected * teacher).sum(1) / length; // [B, N]
    if (!weights.defined())
        return distances.mean(1);
    const auto shares = at::adaptive_avg_pool2d(weights, {patchGrid.rows, patchGrid.cols}).flatten(1);
    return (distances * shares).sum(1) / shares.sum(1);
}

} // namespace nanodit
