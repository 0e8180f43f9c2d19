#pragma once

/// What is seen inside a model, as files: numbers by name, and pictures. A part of the engine's front, free of torch
/// types.

#include "core/inspect/attention_session.h"
#include "core/io/npz.h"

namespace nanodit {

/// Which of the numbers a picture shows; empty ones stand for the mean over all.
struct AttentionPart {
    std::optional<std::int64_t> block, head;
    bool operator==(const AttentionPart&) const = default;
};

/// All numbers of an answer, [blocks, heads, width] each: "shares", "words", "patches", "entropy", "centre",
/// "alignment" of latents; "self"; "latents" of tokens; "mean_shares", "mean_entropy", "mean_alignment", "by_row",
/// "by_column", "mean_contribution" (of one head that stands for all) of the summaries.
NamedArrays arraysOf(const AttentionAnswer& answer);
/// "times" [n], and of every time "shares" [n, blocks, heads, 3], "entropy" and "alignment" [n, blocks, heads, 1],
/// "contribution" [n, blocks, 1, 3].
NamedArrays arraysOf(const AttentionCourse& course);
/// The arrays of every frame with another axis in front, for frames that hold the same.
NamedArrays arraysOf(const std::vector<AttentionFrame>& frames);

/// Of latents: the picture with them outlined (or tinted by self attention, where that was asked for) beside the
/// reference with the mass on its patches. Of tokens: the picture with the mass that each latent gives. `side`: pixels
/// of a picture's longer side.
Image pictureOf(const AttentionScene& scene, const AttentionQuestion& question, const AttentionAnswer& answer,
                const AttentionPart& part, std::int64_t side);
/// Small multiples: a row a block, a column a head, each with its own largest value. Empty where there is nothing to
/// show on patches.
Image blocksByHeads(const AttentionScene& scene, const LatentAttention& seen);
/// Mass between rows (left) and columns (right). Empty for a model without patches.
Image diagonalsOf(const AttentionScene& scene, const AttentionSummaries& summaries, const AttentionPart& part,
                  std::int64_t side);
/// What the velocity loses, on the picture that is forming, by the same colours: without the tokens (left) and without
/// the control (right).
Image knockOutPicture(const AttentionScene& scene, const KnockOut& knockOut, std::int64_t side);
/// Shares of text, CLS and patches, 0 to 1 alike in all three: a row a block, a column a time.
Image courseOf(const AttentionCourse& course);
std::vector<Image> picturesOf(const std::vector<AttentionFrame>& frames, const AttentionQuestion& question,
                              const AttentionPart& part, std::int64_t side);

} // namespace nanodit
