#pragma once

#include "core/front/attention.h"

#include <QString>

#include <set>

namespace nanodit {

/// What a person has chosen to look from: latent tokens, or the other way a word, CLS or patches.
struct AttentionChoice {
    std::set<std::int64_t> latents, patches;
    int word = -1; ///< Of the shown words; their number stands for CLS.

    bool empty() const { return latents.empty() && patches.empty() && word < 0; }
    bool operator==(const AttentionChoice&) const = default;
};

/// The choice as far as a scene has what it names; the latent in the middle when nothing is left, so that there is
/// something to see.
AttentionChoice fitted(AttentionChoice choice, const AttentionScene& scene);
AttentionQuestion questionOf(const AttentionChoice& choice, const AttentionScene& scene);

/// What was seen, as a sentence of numbers with their units.
QString answerText(const AttentionQuestion& question, const AttentionAnswer& answer, const AttentionPart& part);

} // namespace nanodit
