#pragma once

#include "core/inspect/attention_probe.h"
#include "core/inspect/attention_session.h"

namespace nanodit {

/// By block, [H, width] each (undefined: zeros of what the others are) -> plain numbers.
AttentionNumbers numbersFrom(const std::vector<at::Tensor>& byBlock);

/// The numbers of latents' mean attention, by block: [H, M] each, undefined for blocks that were not asked for.
LatentAttention latentAttention(const ContextLayout& layout, const std::vector<CaptionWord>& words,
                                const std::vector<std::int64_t>& latents, const std::vector<at::Tensor>& byBlock);

/// Means over latents of every block's summary.
AttentionSummaries meanSummaries(const ContextLayout& layout, const std::vector<AttentionSummary>& byBlock);

} // namespace nanodit
