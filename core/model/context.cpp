#include "core/model/context.h"

#include "core/runtime/device_copy.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

/// How many leading tokens hold every valid token of the samples that are kept.
std::int64_t longestKept(const at::Tensor& mask, const at::Tensor& droppedColumn)
{
    const auto used = mask.logical_and(droppedColumn.logical_not().unsqueeze(1)).any(0).nonzero();
    return used.numel() == 0 ? 1 : used.max().item<std::int64_t>() + 1;
}

} // namespace

Conditions Conditions::to(const Compute& compute) const
{
    auto moved = *this;
    for (auto* const tensor : {&moved.cls, &moved.patches, &moved.text}) {
        if (tensor->defined())
            *tensor = sentTo(*tensor, compute.device);
    }
    return moved;
}

at::Tensor sampleColumn(const std::vector<bool>& flags, at::Device device)
{
    auto column = at::empty({static_cast<std::int64_t>(flags.size())}, at::kBool);
    std::copy(flags.begin(), flags.end(), column.data_ptr<bool>());
    return sentTo(column, device);
}

KeyValues KeyValues::forEach(std::int64_t samples) const
{
    return {.keys = keys.expand({samples, -1, -1, -1}), .values = values.expand({samples, -1, -1, -1})};
}

ContextTerms ContextTerms::forEach(std::int64_t samples) const
{
    auto seen = *this; // angles of places broadcast
    for (auto* const tensor : {&seen.logitBias, &seen.places.realPatches}) {
        if (tensor->defined())
            *tensor = tensor->expand({samples, -1});
    }
    return seen;
}

at::Tensor ConditionContext::tokens(const at::Tensor& c) const
{
    std::vector<at::Tensor> parts;
    if (text.tokens.defined())
        parts.push_back(text.tokens);
    parts.push_back(c.unsqueeze(1).to(parts.empty() ? c.scalar_type() : parts[0].scalar_type()));
    if (patches.tokens.defined())
        parts.push_back(patches.tokens);
    return at::cat(parts, 1);
}

ContextSegment makeSegment(const at::Tensor& tokens, const at::Tensor& mask, const std::vector<bool>& dropped,
                           const at::Tensor& null, std::int64_t nullCount)
{
    const auto batch = tokens.size(0);
    ContextSegment segment;
    segment.shownTokens = nullCount;
    auto isNull = dropped;
    isNull.resize(static_cast<std::size_t>(batch), false);
    for (const bool flag : isNull)
        segment.kinds.push_back(flag ? SegmentKind::Null : SegmentKind::Real);
    const auto nulls = std::count(isNull.begin(), isNull.end(), true);
    const double nullBias = std::log(static_cast<double>(nullCount));
    if (nulls == batch) {
        segment.tokens = null.expand({batch, 1, null.size(2)});
        segment.logitBias = at::full({batch, 1}, nullBias, tokens.options().dtype(at::kFloat));
        return segment;
    }

    // What is known of masks is known on the CPU: a device is not waited for.
    const auto droppedColumn = sampleColumn(isNull, at::kCPU);
    const auto there = mask.defined() ? mask.to(at::kCPU) : mask;
    const auto kept = there.defined() ? longestKept(there, droppedColumn) : tokens.size(1);
    segment.tokens = tokens.narrow(1, 0, kept);
    auto valid = there.defined() ? there.narrow(1, 0, kept) : at::ones({batch, kept}, droppedColumn.options());
    if (nulls > 0) {
        const auto first = (at::arange(kept, at::kLong) == 0).unsqueeze(0);
        const auto nullHere = droppedColumn.unsqueeze(1).logical_and(first); // [B, S]
        segment.tokens = at::where(sentTo(nullHere.unsqueeze(2), tokens.device()), null, segment.tokens);
        valid = at::where(droppedColumn.unsqueeze(1), first, valid);
    }
    if (nulls > 0 || !valid.all().item<bool>()) {
        auto bias = valid.to(at::kFloat).log(); // 0 or -infinity
        if (nulls > 0)
            bias.add_(droppedColumn.to(at::kFloat).unsqueeze(1), nullBias);
        segment.logitBias = sentTo(bias, tokens.device());
    }
    return segment;
}

at::Tensor joinLogitBias(const ConditionContext& context)
{
    if (!context.text.logitBias.defined() && !context.patches.logitBias.defined())
        return {};
    const auto options = context.cls.options().dtype(at::kFloat).requires_grad(false);
    const auto part = [&](const ContextSegment& segment) {
        return segment.logitBias.defined() ? segment.logitBias : at::zeros({context.batch(), segment.size()}, options);
    };
    return at::cat({part(context.text), at::zeros({context.batch(), 1}, options), part(context.patches)}, 1);
}

} // namespace nanodit
