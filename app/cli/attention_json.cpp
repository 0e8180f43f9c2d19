#include "app/cli/attention_json.h"

#include "app/cli/attention_places.h"

#include <cmath>
#include <optional>

namespace nanodit::cli {

namespace {

/// A number, or null for one that is not there.
nlohmann::ordered_json numberOrNull(double value)
{
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

} // namespace

nlohmann::ordered_json answerJson(const AttentionPart& part, const std::string& token, const AttentionScene& scene,
                                  const AttentionQuestion& question, const AttentionAnswer& answer)
{
    const auto& [block, head] = part;
    nlohmann::ordered_json json;
    json["t"] = scene.t;
    if (answer.given) {
        json["token"] = token;
        if (const auto word = wordOf(token))
            json["word"] = scene.words[*word].text;
        json["latents"] = answer.given->of(block, head);
        return json;
    }
    const auto& seen = *answer.seen;
    const auto shares = seen.shares.of(block, head), words = seen.words.of(block, head);
    json["latents"] = question.latents;
    json["shares"] = {{"text", shares[0]}, {"cls", shares[1]}, {"patches", shares[2]}};
    json["entropy_nats"] = seen.entropy.of(block, head)[0];
    for (std::size_t i = 0; i < words.size(); ++i)
        json["words"].push_back(
            {{"text", i < scene.words.size() ? scene.words[i].text : "(padding)"}, {"share", words[i]}});
    if (scene.patches.count() > 0) {
        json["alignment_patches"] = seen.alignment.of(block, head)[0];
        json["alignment_patches_if_even"] = scene.evenAlignment;
    }
    return json;
}

nlohmann::ordered_json summariesJson(const AttentionSummaries& summaries, const AttentionScene& scene)
{
    nlohmann::ordered_json json;
    for (std::int64_t block = 0; block < scene.blocks; ++block) {
        const auto shares = summaries.shares.of(block, {});
        nlohmann::ordered_json line{{"text", shares[0]}, {"cls", shares[1]}, {"patches", shares[2]}};
        line["entropy_nats"] = summaries.entropy.of(block, {})[0];
        if (!summaries.alignment.values.empty())
            line["alignment_patches"] = summaries.alignment.of(block, {})[0];
        const auto adds = summaries.contribution.of(block, {});
        line["contribution"] = {
            {"text", numberOrNull(adds[0])}, {"cls", numberOrNull(adds[1])}, {"patches", numberOrNull(adds[2])}};
        line["sinks"] = nlohmann::ordered_json::array();
        for (const auto& sink : summaries.sinks) {
            if (sink.block == block)
                line["sinks"].push_back(
                    {{"token", scene.nameOf(sink.token)}, {"mass", sink.mass}, {"contribution", sink.contribution}});
        }
        json.push_back(line);
    }
    return json;
}

nlohmann::ordered_json courseJson(const AttentionCourse& course, const AttentionScene& scene)
{
    nlohmann::ordered_json json;
    for (std::size_t i = 0; i < course.times.size(); ++i)
        json.push_back({{"t", course.times[i]}, {"blocks", summariesJson(course.at[i], scene)}});
    return json;
}

nlohmann::ordered_json knockOutJson(const KnockOut& out, const std::string& name, const AttentionScene& scene)
{
    nlohmann::ordered_json json{{"token", name},
                                {"velocity_norm", out.velocityNorm},
                                {"mean_change", out.meanChange},
                                {"mean_change_of_control", out.meanControlChange},
                                {"attention_mass", out.mass},
                                {"attention_mass_of_control", out.controlMass},
                                {"control", nlohmann::ordered_json::array()},
                                {"agreement_by_block", nlohmann::ordered_json::array()}};
    for (const auto token : out.controlTokens)
        json["control"].push_back(scene.nameOf(token));
    for (const double agreement : out.agreement)
        json["agreement_by_block"].push_back(numberOrNull(agreement));
    json["best_block"] = out.bestBlock() ? nlohmann::ordered_json(*out.bestBlock()) : nlohmann::ordered_json();
    json["change"] = out.change;
    json["change_of_control"] = out.controlChange;
    return json;
}

nlohmann::ordered_json groundingJson(const std::vector<KnockOut>& outs, const AttentionScene& scene)
{
    nlohmann::ordered_json json;
    json["agreement_by_block"] = nlohmann::ordered_json::array();
    std::optional<std::size_t> best;
    double bestMean = 0;
    for (std::size_t block = 0; block < static_cast<std::size_t>(scene.blocks); ++block) {
        double sum = 0;
        std::int64_t count = 0;
        for (const auto& out : outs) {
            if (std::isfinite(out.agreement[block])) {
                sum += out.agreement[block];
                ++count;
            }
        }
        const double mean = sum / static_cast<double>(count); // without any: not a number
        json["agreement_by_block"].push_back(numberOrNull(mean));
        if (std::isfinite(mean) && (!best || mean > bestMean)) {
            best = block;
            bestMean = mean;
        }
    }
    json["block"] = best ? nlohmann::ordered_json(*best) : nlohmann::ordered_json();
    return json;
}

nlohmann::ordered_json radiiJson(const AttentionNumbers& radii)
{
    nlohmann::ordered_json json;
    for (std::int64_t block = 0; block < radii.blocks; ++block) {
        json.push_back(nlohmann::ordered_json::array());
        for (std::int64_t head = 0; head < radii.heads; ++head)
            json.back().push_back(radii.of(block, head)[0]);
    }
    return json;
}

} // namespace nanodit::cli
