#include "core/inspect/attention_numbers.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace nanodit {

namespace {

/// f of every tensor that is there.
template<typename Function>
AttentionNumbers eachBlock(const std::vector<at::Tensor>& byBlock, Function&& f)
{
    std::vector<at::Tensor> parts;
    for (const auto& p : byBlock)
        parts.push_back(p.defined() ? f(p) : at::Tensor());
    return numbersFrom(parts);
}

/// Sums over each word's tokens, then what remains of T: padding, or all of a null text. [H, words + 1]
at::Tensor byWord(const at::Tensor& text, const std::vector<CaptionWord>& words)
{
    std::vector<at::Tensor> sums;
    std::int64_t end = 0;
    for (const auto& word : words) {
        const auto tokens = std::min(word.tokens, text.size(-1) - word.firstToken);
        sums.push_back(text.narrow(-1, word.firstToken, tokens).sum(-1));
        end = word.firstToken + tokens;
    }
    sums.push_back(text.narrow(-1, end, text.size(-1) - end).sum(-1));
    return at::stack(sums, -1);
}

constexpr double sinkMass = 5;           ///< In even shares.
constexpr double sinkContribution = 0.5; ///< Of the share of mass.

std::vector<double> plainShares(const at::Tensor& byHeads) // [H, M] -> [M]
{
    const auto sums = byHeads.sum(0).to(at::kCPU, at::kDouble);
    const auto shares = (sums / sums.sum()).contiguous();
    return {shares.data_ptr<double>(), shares.data_ptr<double>() + shares.numel()};
}

std::vector<AttentionSink> sinksOf(const ContextLayout& layout, const AttentionSummary& summary, std::int64_t block)
{
    const auto mass = plainShares(summary.received), contribution = plainShares(summary.addedByOne);
    const auto present = std::ranges::count_if(mass, [](double m) { return m > 0; });
    const auto firstPatch = layout.textTokens + 1;
    std::vector<AttentionSink> sinks;
    for (std::int64_t token = 0; token < layout.shownTokens(); ++token) {
        const auto i = static_cast<std::size_t>(token);
        if (mass[i] * static_cast<double>(present) < sinkMass || contribution[i] >= sinkContribution * mass[i])
            continue;
        double count = 1;
        if (token < layout.textTokens && layout.text == SegmentKind::Null)
            count = static_cast<double>(layout.textTokens);
        else if (token >= firstPatch && layout.patches == SegmentKind::Null)
            count = static_cast<double>(layout.patchGrid.count());
        if (count == 1 || token == 0 || token == firstPatch)
            sinks.push_back(
                {.block = block, .token = token, .mass = count * mass[i], .contribution = count * contribution[i]});
    }
    std::ranges::sort(sinks, std::greater{}, &AttentionSink::mass);
    return sinks;
}

} // namespace

std::vector<float> AttentionNumbers::of(std::optional<std::int64_t> block, std::optional<std::int64_t> head) const
{
    const auto firstBlock = block.value_or(0), lastBlock = block.value_or(blocks - 1);
    const auto firstHead = head.value_or(0), lastHead = head.value_or(heads - 1);
    std::vector<double> sum(static_cast<std::size_t>(width));
    for (auto b = firstBlock; b <= lastBlock; ++b) {
        for (auto h = firstHead; h <= lastHead; ++h) {
            const auto* const from = values.data() + (b * heads + h) * width;
            for (std::size_t i = 0; i < sum.size(); ++i)
                sum[i] += from[i];
        }
    }
    const auto count = static_cast<double>((lastBlock - firstBlock + 1) * (lastHead - firstHead + 1));
    std::vector<float> mean;
    for (const double value : sum)
        mean.push_back(static_cast<float>(value / count));
    return mean;
}

AttentionNumbers numbersFrom(const std::vector<at::Tensor>& byBlock)
{
    AttentionNumbers numbers;
    numbers.blocks = static_cast<std::int64_t>(byBlock.size());
    for (const auto& part : byBlock) {
        if (part.defined()) {
            numbers.heads = part.size(0);
            numbers.width = part.size(1);
        }
    }
    const auto size = static_cast<std::size_t>(numbers.heads * numbers.width);
    numbers.values.assign(byBlock.size() * size, 0.0F);
    for (std::size_t i = 0; i < byBlock.size(); ++i) {
        if (!byBlock[i].defined())
            continue;
        const auto part = byBlock[i].to(at::kCPU, at::kFloat).contiguous();
        std::copy_n(part.data_ptr<float>(), size, numbers.values.data() + i * size);
    }
    return numbers;
}

LatentAttention latentAttention(const ContextLayout& layout, const std::vector<CaptionWord>& words,
                                const std::vector<std::int64_t>& latents, const std::vector<at::Tensor>& byBlock)
{
    const auto text = layout.textTokens, patches = layout.patchGrid.count();
    LatentAttention result;
    result.shares = eachBlock(byBlock, [&](const at::Tensor& p) {
        return at::stack({p.narrow(-1, 0, text).sum(-1), p.select(-1, text), p.narrow(-1, text + 1, patches).sum(-1)},
                         -1);
    });
    result.words = eachBlock(byBlock, [&](const at::Tensor& p) { return byWord(p.narrow(-1, 0, text), words); });
    result.entropy =
        eachBlock(byBlock, [](const at::Tensor& p) { return -(p * p.clamp_min(1e-30).log()).sum(-1, true); });
    if (patches == 0)
        return result;
    double row = 0, col = 0;
    for (const auto latent : latents) {
        const auto place = layout.placeAmongPatches(latent);
        row += place[0] / static_cast<double>(latents.size());
        col += place[1] / static_cast<double>(latents.size());
    }
    result.patches = eachBlock(byBlock, [&](const at::Tensor& p) { return p.narrow(-1, text + 1, patches); });
    const auto centre = [&](const at::Tensor& p) {
        const auto grid =
            p.narrow(-1, text + 1, patches).reshape({p.size(0), layout.patchGrid.rows, layout.patchGrid.cols});
        const auto mass = grid.sum({1, 2}).clamp_min(1e-30);
        const auto rows = (grid.sum(2) * at::arange(layout.patchGrid.rows, p.options())).sum(-1) / mass;
        const auto cols = (grid.sum(1) * at::arange(layout.patchGrid.cols, p.options())).sum(-1) / mass;
        return at::stack({rows, cols}, -1);
    };
    result.centre = eachBlock(byBlock, centre);
    result.alignment = eachBlock(byBlock, [&](const at::Tensor& p) {
        const auto at = centre(p);
        return at::hypot(at.narrow(-1, 0, 1) - row, at.narrow(-1, 1, 1) - col);
    });
    return result;
}

AttentionSummaries meanSummaries(const ContextLayout& layout, const std::vector<AttentionSummary>& byBlock)
{
    std::vector<at::Tensor> shares, entropy, alignment, byRow, byColumn, contribution;
    std::vector<AttentionSink> sinks;
    for (const auto& block : byBlock) {
        shares.push_back(block.shares.mean(1));
        entropy.push_back(block.entropy.mean(1, true));
        const auto lengths = block.added.mean(0, true);
        contribution.push_back(lengths / lengths.sum());
        for (const auto& sink : sinksOf(layout, block, static_cast<std::int64_t>(shares.size()) - 1))
            sinks.push_back(sink);
        if (block.distance.defined()) {
            alignment.push_back(block.distance.mean(1, true));
            byRow.push_back(block.byRow.flatten(1));
            byColumn.push_back(block.byColumn.flatten(1));
        }
    }
    return {.shares = numbersFrom(shares),
            .entropy = numbersFrom(entropy),
            .alignment = numbersFrom(alignment),
            .byRow = numbersFrom(byRow),
            .byColumn = numbersFrom(byColumn),
            .contribution = numbersFrom(contribution),
            .sinks = std::move(sinks)};
}

} // namespace nanodit
