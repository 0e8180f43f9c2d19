#include "core/model/attention_map.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nanodit {

namespace {

/// Logits held at once: 2 Mi are 8 MB in float32, and a few tensors of that size exist together.
constexpr std::int64_t elementsAtOnce = std::int64_t{1} << 21;

double scaleOf(const at::Tensor& queries)
{
    return 1 / std::sqrt(static_cast<double>(queries.size(-1)));
}

at::Tensor indices(std::span<const std::int64_t> values, at::Device device)
{
    auto tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
    std::copy(values.begin(), values.end(), tensor.data_ptr<std::int64_t>());
    return tensor.to(device);
}

/// Logarithms of softmax over the last axis, and of its denominator: z - log softmax(z), the same in every column. It
/// is read from one that is never masked (-inf); its probability cannot be lost to underflow on the way.
std::pair<at::Tensor, at::Tensor> logSoftmax(const at::Tensor& logits, std::int64_t unmasked)
{
    auto logarithms = at::log_softmax(logits, -1);
    auto denominator = logits.select(-1, unmasked) - logarithms.select(-1, unmasked);
    return {std::move(logarithms), std::move(denominator)};
}

/// [..., columns] -> [..., tokens]: a null's only column spreads evenly, padding gets none.
at::Tensor spread(SegmentKind kind, const at::Tensor& columns, std::int64_t tokens)
{
    if (kind == SegmentKind::Null) {
        auto shape = columns.sizes().vec();
        shape.back() = tokens;
        return (columns.narrow(-1, 0, 1) / static_cast<double>(tokens)).expand(shape);
    }
    return at::constant_pad_nd(columns, {0, tokens - columns.size(-1)}, 0);
}

/// Rows and columns of a grid's cells, [cells] each.
std::array<at::Tensor, 2> coordinates(GridSize grid, at::Device device)
{
    const auto cells = at::arange(grid.count(), at::TensorOptions(at::kLong).device(device));
    return {at::div(cells, grid.cols, "floor"), at::remainder(cells, grid.cols)};
}

/// The places of a latent grid's tokens among patches: [L, 2].
at::Tensor places(const ContextLayout& layout, at::Device device)
{
    return patchCentres(layout.latentGrid, layout.patchGrid).to(at::kFloat).to(device);
}

} // namespace

ContextLayout ContextLayout::of(const ConditionContext& context, std::int64_t sample, GridSize patchGrid,
                                GridSize latentGrid)
{
    const auto index = static_cast<std::size_t>(sample);
    ContextLayout layout;
    layout.text = context.text.kinds[index];
    layout.patches = context.patches.kinds[index];
    layout.textColumns = context.text.size();
    layout.patchColumns = context.patches.size();
    layout.textTokens = context.text.shownTokens;
    layout.patchGrid = layout.patches == SegmentKind::Empty ? GridSize{} : patchGrid;
    layout.latentGrid = latentGrid;
    return layout;
}

std::array<double, 2> ContextLayout::placeAmongPatches(std::int64_t latent) const
{
    const auto along = [](std::int64_t index, std::int64_t latentSide, std::int64_t patchSide) {
        return (static_cast<double>(index) + 0.5) * static_cast<double>(patchSide) / static_cast<double>(latentSide) -
               0.5;
    };
    return {along(latent / latentGrid.cols, latentGrid.rows, patchGrid.rows),
            along(latent % latentGrid.cols, latentGrid.cols, patchGrid.cols)};
}

std::map<std::int64_t, double> ContextLayout::columnsOf(std::span<const std::int64_t> shownTokens) const
{
    std::map<std::int64_t, double> parts;
    const auto cls = clsColumn();
    for (const auto token : shownTokens) {
        const auto patch = token - textTokens - 1;
        if (token == textTokens)
            parts[cls] += 1;
        else if (token < textTokens && text == SegmentKind::Null)
            parts[0] += 1 / static_cast<double>(textTokens);
        else if (token < textTokens && token < textColumns)
            parts[token] += 1;
        else if (patch >= 0 && patches == SegmentKind::Null)
            parts[cls + 1] += 1 / static_cast<double>(patchGrid.count());
        else if (patch >= 0 && patch < patchColumns)
            parts[cls + 1 + patch] += 1;
    }
    return parts;
}

CrossAttentionMap::CrossAttentionMap(const CrossAttentionInputs& inputs, std::int64_t sample,
                                     const ContextLayout& layout)
    : CrossAttentionMap(inputs.queries.detach()[sample].to(at::kFloat), inputs.keys.detach()[sample].to(at::kFloat),
                        inputs.logitBias.defined() ? inputs.logitBias[sample] : at::Tensor(), layout, {},
                        inputs.prior.of(sample),
                        {.values = inputs.values.detach()[sample], .outWeight = inputs.outWeight.detach()})
{
}

CrossAttentionMap::CrossAttentionMap(at::Tensor queries, at::Tensor keys, at::Tensor logitBias,
                                     const ContextLayout& layout, at::Tensor clsKey, DistancePrior prior,
                                     MixedValues mixed)
    : queries_(std::move(queries))
    , keys_(std::move(keys))
    , logitBias_(std::move(logitBias))
    , clsKey_(std::move(clsKey))
    , prior_(std::move(prior))
    , mixed_(std::move(mixed))
    , layout_(layout)
{
}

CrossAttentionMap CrossAttentionMap::byContribution() const
{
    const at::NoGradGuard noGradient;
    auto map = *this;
    map.logLengths_ = valueLengths().clamp_min(1e-30).log();
    map.mixed_ = {};
    return map;
}

at::Tensor CrossAttentionMap::valueLengths() const
{
    const auto width = queries_.size(2), columns = keys_.size(1);
    const auto throughHead = [&](const at::Tensor& values, std::int64_t head) { // [n, d] -> [n]
        const auto weight = mixed_.outWeight.narrow(1, head * width, width).to(at::kFloat);
        return at::matmul(values.to(at::kFloat), weight.t()).square().sum(-1).sqrt();
    };
    auto lengths = at::empty({heads(), columns}, queries_.options().dtype(at::kFloat));
    const auto atOnce = std::clamp<std::int64_t>(elementsAtOnce / mixed_.outWeight.size(0), 1, columns);
    for (std::int64_t head = 0; head < heads(); ++head) {
        auto ofHead = lengths[head];
        for (std::int64_t begin = 0; begin < columns; begin += atOnce) {
            const auto count = std::min(atOnce, columns - begin);
            ofHead.narrow(0, begin, count).copy_(throughHead(mixed_.values[head].narrow(0, begin, count), head));
        }
        if (mixed_.clsValue.defined())
            ofHead.narrow(0, layout_.clsColumn(), 1).copy_(throughHead(mixed_.clsValue[head], head));
    }
    return lengths;
}

at::Tensor CrossAttentionMap::mixedBySegment(const at::Tensor& p, std::int64_t head) const
{
    const auto cls = layout_.clsColumn();
    const auto some = [&](const at::Tensor& values) { return values.narrow(0, head, p.size(0)); };
    const auto mix = [&](std::int64_t from, std::int64_t count) {
        return at::bmm(p.narrow(-1, from, count), some(mixed_.values).narrow(1, from, count).to(at::kFloat));
    };
    const auto ofCls =
        mixed_.clsValue.defined() ? at::bmm(p.narrow(-1, cls, 1), some(mixed_.clsValue).to(at::kFloat)) : mix(cls, 1);
    return at::stack({mix(0, cls), ofCls, mix(cls + 1, layout_.patchColumns)});
}

std::vector<CrossAttentionMap::Piece> CrossAttentionMap::pieces(std::int64_t latents) const
{
    const auto rows = std::max<std::int64_t>(1, elementsAtOnce / keys_.size(1)); // of all heads together
    // The mixes of three segments of all heads are no more than the logits.
    const auto mixes = std::max<std::int64_t>(1, elementsAtOnce / (3 * heads() * queries_.size(2)));
    const auto latentsAtOnce = std::min({latents, rows, mixes});
    const auto headsAtOnce = std::clamp<std::int64_t>(rows / latentsAtOnce, 1, heads());
    std::vector<Piece> all;
    for (std::int64_t latent = 0; latent < latents; latent += latentsAtOnce) {
        for (std::int64_t head = 0; head < heads(); head += headsAtOnce)
            all.push_back({.head = head,
                           .heads = std::min(headsAtOnce, heads() - head),
                           .latent = latent,
                           .latents = std::min(latentsAtOnce, latents - latent)});
    }
    return all;
}

CrossAttentionMap::Queries CrossAttentionMap::queriesOf(const Piece& piece) const
{
    return {.queries = piece.of(queries_),
            .places = prior_.defined() ? prior_.queryAt.narrow(0, piece.latent, piece.latents) : at::Tensor(),
            .head = piece.head};
}

CrossAttentionMap::Queries CrossAttentionMap::queriesOf(std::int64_t head, std::int64_t heads,
                                                        const at::Tensor& latents) const
{
    return {.queries = queries_.narrow(0, head, heads).index_select(1, latents),
            .places = prior_.defined() ? prior_.queryAt.index_select(0, latents) : at::Tensor(),
            .head = head};
}

at::Tensor CrossAttentionMap::logits(const Queries& of) const
{
    const auto count = of.queries.size(0);
    const auto ofHeads = [&](const at::Tensor& keys) { return keys.narrow(0, of.head, count).transpose(1, 2); };
    auto z = at::bmm(of.queries, ofHeads(keys_)).to(at::kFloat);
    if (clsKey_.defined())
        z.narrow(-1, layout_.clsColumn(), 1).copy_(at::bmm(of.queries, ofHeads(clsKey_)));
    z.mul_(scaleOf(of.queries));
    if (prior_.defined())
        addPrior(z, prior_.strengths[0].narrow(0, of.head, count), of.places, prior_.patchAt);
    if (logLengths_.defined())
        z.add_(logLengths_.narrow(0, of.head, count).unsqueeze(1));
    return z;
}

at::Tensor CrossAttentionMap::withBias(const at::Tensor& logits) const
{
    return logitBias_.defined() ? logits + logitBias_ : logits;
}

at::Tensor CrossAttentionMap::asShown(const at::Tensor& columns) const
{
    const auto cls = layout_.clsColumn();
    std::vector<at::Tensor> parts = {spread(layout_.text, columns.narrow(-1, 0, cls), layout_.textTokens),
                                     columns.narrow(-1, cls, 1)};
    if (layout_.patches != SegmentKind::Empty)
        parts.push_back(
            spread(layout_.patches, columns.narrow(-1, cls + 1, layout_.patchColumns), layout_.patchGrid.count()));
    return at::cat(parts, -1);
}

at::Tensor CrossAttentionMap::probabilities(std::span<const std::int64_t> chosen) const
{
    const at::NoGradGuard noGradient;
    const auto queries = queriesOf(0, heads(), indices(chosen, queries_.device()));
    return asShown(at::softmax(withBias(logits(queries)), -1));
}

at::Tensor CrossAttentionMap::mean(std::span<const std::int64_t> chosen, const StopCheck& stop) const
{
    const at::NoGradGuard noGradient;
    auto sum = at::zeros({heads(), keys_.size(1)}, queries_.options().dtype(at::kFloat));
    const auto index = indices(chosen, queries_.device());
    for (const auto& piece : pieces(index.size(0))) {
        if (stop && stop())
            return {};
        const auto queries = queriesOf(piece.head, piece.heads, index.narrow(0, piece.latent, piece.latents));
        sum.narrow(0, piece.head, piece.heads).add_(at::softmax(withBias(logits(queries)), -1).sum(1));
    }
    return asShown(sum.div_(static_cast<double>(chosen.size())));
}

std::optional<AttentionSummary> CrossAttentionMap::summary(const StopCheck& stop) const
{
    const at::NoGradGuard noGradient;
    const auto options = queries_.options().dtype(at::kFloat);
    const auto device = queries_.device();
    const auto cls = layout_.clsColumn();
    const auto [rows, cols] = layout_.patchGrid;
    const bool patches = layout_.patches != SegmentKind::Empty;
    AttentionSummary s;
    s.shares = at::empty({heads(), latents(), 3}, options);
    s.entropy = at::empty({heads(), latents()}, options);
    s.logSums = at::empty({heads(), latents()}, options);
    auto received = at::zeros({heads(), keys_.size(1)}, options);
    at::Tensor mixed; // [3, H, n, d], of the latents that are worked on
    if (mixed_.defined())
        s.added = at::empty({latents(), 3}, options);
    std::array<at::Tensor, 2> latentAt, patchAt;
    if (patches) {
        latentAt = coordinates(layout_.latentGrid, device);
        patchAt = {at::arange(rows, options), at::arange(cols, options)};
        s.centre = at::empty({heads(), latents(), 2}, options);
        s.byRow = at::zeros({heads(), layout_.latentGrid.rows, rows}, options);
        s.byColumn = at::zeros({heads(), layout_.latentGrid.cols, cols}, options);
    }
    for (const auto& piece : pieces(latents())) {
        if (stop && stop())
            return std::nullopt;
        auto z = logits(queriesOf(piece)); // [h, n, S]
        auto [logarithms, logSum] = logSoftmax(withBias(z), cls);
        const auto p = logarithms.exp_();
        piece.of(s.logSums).copy_(logSum);
        // A token of n equal ones has the probability exp(z - logSum), without the bias ln n of all of them together.
        piece.of(s.entropy).copy_(logSum - z.mul_(p).sum(-1));
        received.narrow(0, piece.head, piece.heads).add_(p.sum(1));
        const auto onPatches = p.narrow(-1, cls + 1, layout_.patchColumns);
        auto shares = piece.of(s.shares);
        shares.select(-1, 0).copy_(p.narrow(-1, 0, cls).sum(-1));
        shares.select(-1, 1).copy_(p.select(-1, cls));
        shares.select(-1, 2).copy_(onPatches.sum(-1));
        if (mixed_.defined()) {
            if (piece.head == 0)
                mixed = at::empty({3, heads(), piece.latents, queries_.size(2)}, options);
            mixed.narrow(1, piece.head, piece.heads).copy_(mixedBySegment(p, piece.head));
            if (piece.head + piece.heads == heads()) {
                const auto out = at::matmul(mixed.transpose(1, 2).flatten(2), mixed_.outWeight.to(at::kFloat).t());
                s.added.narrow(0, piece.latent, piece.latents).copy_(out.square().sum(-1).sqrt().t());
            }
        }
        if (!patches)
            continue;
        const auto grid = spread(layout_.patches, onPatches, layout_.patchGrid.count())
                              .reshape({piece.heads, piece.latents, rows, cols});
        const std::array<at::Tensor, 2> along = {grid.sum(3), grid.sum(2)}; // [h, n, rows], [h, n, cols]
        const auto mass = along[0].sum(-1).clamp_min(1e-30);
        for (int axis = 0; axis < 2; ++axis) {
            const auto a = static_cast<std::size_t>(axis);
            piece.of(s.centre).select(-1, axis).copy_((along[a] * patchAt[a]).sum(-1) / mass);
            (axis == 0 ? s.byRow : s.byColumn)
                .narrow(0, piece.head, piece.heads)
                .index_add_(1, latentAt[a].narrow(0, piece.latent, piece.latents), along[a]);
        }
    }
    received.div_(static_cast<double>(latents()));
    s.received = asShown(received);
    if (mixed_.defined())
        s.addedByOne = asShown(received * valueLengths());
    if (patches) {
        s.byRow.div_(static_cast<double>(layout_.latentGrid.cols));
        s.byColumn.div_(static_cast<double>(layout_.latentGrid.rows));
        s.distance = (s.centre - places(layout_, device)).square().sum(-1).sqrt();
    }
    return s;
}

at::Tensor CrossAttentionMap::logSums(const StopCheck& stop) const
{
    const at::NoGradGuard noGradient;
    auto sums = at::empty({heads(), latents()}, queries_.options().dtype(at::kFloat));
    for (const auto& piece : pieces(latents())) {
        if (stop && stop())
            return {};
        const auto z = withBias(logits(queriesOf(piece)));
        piece.of(sums).copy_(logSoftmax(z, layout_.clsColumn()).second);
    }
    return sums;
}

at::Tensor CrossAttentionMap::onLatents(std::span<const std::int64_t> shownTokens, const at::Tensor& logSums) const
{
    const at::NoGradGuard noGradient;
    const auto weights = layout_.columnsOf(shownTokens);
    const auto cls = layout_.clsColumn();
    auto result = at::zeros({heads(), latents()}, queries_.options().dtype(at::kFloat));
    if (weights.empty())
        return result; // padding only, which nothing attends to
    std::vector<std::int64_t> columns;
    std::vector<float> weight;
    for (const auto& [column, w] : weights) {
        columns.push_back(column);
        weight.push_back(static_cast<float>(w));
    }
    const auto device = queries_.device();
    const auto column = indices(columns, device);
    const auto w = at::tensor(weight).to(device);
    auto keys = keys_.index_select(1, column);
    if (const auto found = std::find(columns.begin(), columns.end(), cls); clsKey_.defined() && found != columns.end())
        keys.narrow(1, found - columns.begin(), 1).copy_(clsKey_);
    const auto bias = logitBias_.defined() ? logitBias_.index_select(0, column) : at::Tensor();
    const auto patchesFrom = std::lower_bound(columns.begin(), columns.end(), cls + 1) - columns.begin();
    const auto patches = column.size(0) - patchesFrom;
    const auto patchAt = prior_.defined() && patches > 0
                             ? prior_.patchAt.index_select(0, column.narrow(0, patchesFrom, patches) - (cls + 1))
                             : at::Tensor();
    const auto lengths = logLengths_.defined() ? logLengths_.index_select(1, column).unsqueeze(1) : at::Tensor();
    const auto atOnce = std::clamp<std::int64_t>(elementsAtOnce / (heads() * column.size(0)), 1, latents());
    for (std::int64_t begin = 0; begin < latents(); begin += atOnce) {
        const auto count = std::min(atOnce, latents() - begin);
        const auto queries = queries_.narrow(1, begin, count);
        auto z = at::bmm(queries, keys.transpose(1, 2)).to(at::kFloat).mul_(scaleOf(queries));
        if (bias.defined())
            z.add_(bias);
        if (patchAt.defined())
            addPrior(z, prior_.strengths[0], prior_.queryAt.narrow(0, begin, count), patchAt);
        if (lengths.defined())
            z.add_(lengths);
        z.sub_(logSums.narrow(1, begin, count).unsqueeze(-1)).exp_();
        result.narrow(1, begin, count).copy_(at::matmul(z, w));
    }
    return result;
}

at::Tensor meanSelfAttention(const at::Tensor& queries, const at::Tensor& keys, std::span<const std::int64_t> latents)
{
    const at::NoGradGuard noGradient;
    auto sum = at::zeros({keys.size(0), keys.size(1)}, queries.options().dtype(at::kFloat));
    const auto atOnce =
        static_cast<std::size_t>(std::max<std::int64_t>(1, elementsAtOnce / (keys.size(0) * keys.size(1))));
    for (std::size_t begin = 0; begin < latents.size(); begin += atOnce) {
        const auto part = latents.subspan(begin, std::min(atOnce, latents.size() - begin));
        const auto chosen = queries.index_select(1, indices(part, queries.device()));
        const auto z = at::bmm(chosen, keys.transpose(1, 2)).to(at::kFloat).mul_(scaleOf(queries));
        sum.add_(at::softmax(z, -1).sum(1));
    }
    return sum.div_(static_cast<double>(latents.size()));
}

double evenAlignment(const ContextLayout& layout)
{
    const double middleRow = static_cast<double>(layout.patchGrid.rows - 1) / 2;
    const double middleCol = static_cast<double>(layout.patchGrid.cols - 1) / 2;
    double sum = 0;
    for (std::int64_t i = 0; i < layout.latentGrid.count(); ++i) {
        const auto [row, col] = layout.placeAmongPatches(i);
        sum += std::hypot(row - middleRow, col - middleCol);
    }
    return sum / static_cast<double>(layout.latentGrid.count());
}

} // namespace nanodit
