#pragma once

/// What the attention command reports, as JSON. A number that is not there is null.

#include "core/front/attention.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace nanodit::cli {

/// What was asked of a block and head, or of the mean over them; `token` as it was named when the question is of one.
nlohmann::ordered_json answerJson(const AttentionPart& part, const std::string& token, const AttentionScene& scene,
                                  const AttentionQuestion& question, const AttentionAnswer& answer);
/// By block.
nlohmann::ordered_json summariesJson(const AttentionSummaries& summaries, const AttentionScene& scene);
/// By time.
nlohmann::ordered_json courseJson(const AttentionCourse& course, const AttentionScene& scene);
/// `name`: of what was left out.
nlohmann::ordered_json knockOutJson(const KnockOut& out, const std::string& name, const AttentionScene& scene);
/// How well each block's maps agree with what their tokens change, as the mean over knock-outs, and the best block.
nlohmann::ordered_json groundingJson(const std::vector<KnockOut>& outs, const AttentionScene& scene);
/// How far each head's prior reaches, by block and head, in latent tokens; null without one.
nlohmann::ordered_json radiiJson(const AttentionNumbers& radii);

} // namespace nanodit::cli
