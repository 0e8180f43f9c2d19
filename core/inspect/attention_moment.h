#pragma once

#include "core/inspect/attention_probe.h"
#include "core/inspect/attention_session.h"
#include "core/model/nanodit.h"
#include "core/runtime/compute.h"

#include <array>
#include <memory>

namespace nanodit {

/// What a model is evaluated on at a moment. Shapes: C channels, H W latent pixels.
struct MomentInputs {
    const NanoDiT& model; ///< Must outlive the moment, and be where `compute` says.
    Compute compute;
    ConditionContext context; ///< Of one sample, with its blocks' keys and values kept.
    GridSize patches, latents;
    std::vector<CaptionWord> words; ///< Empty where the text is null.
    at::Tensor x;                   ///< [1, C, H, W]
    float t = 0;
};

/// A model that was evaluated once, and what is asked of that: what an AttentionSession knows after a look. What took
/// long is kept for the next question. What can take long gives nothing when stopped. One thread at a time.
class AttentionMoment {
public:
    /// Evaluates the model; empty when stopped.
    static std::unique_ptr<AttentionMoment> look(MomentInputs inputs, const JobContext& context);

    const ContextLayout& layout() const { return probe_.layout(); }
    /// The latent of what the velocity says the picture will be: x - t v, [1, C, H, W].
    at::Tensor forming() const { return in_.x - in_.t * velocity_; }

    // Each as the function of this name of AttentionSession.
    std::optional<LatentAttention> ofLatents(const std::vector<std::int64_t>& latents, const JobContext& context,
                                             std::optional<std::int64_t> block, AttentionMeasure measure);
    std::optional<AttentionNumbers> onLatents(const std::vector<std::int64_t>& shownTokens, const JobContext& context,
                                              std::optional<std::int64_t> block, AttentionMeasure measure);
    std::optional<KnockOut> knockOut(const std::vector<std::int64_t>& shownTokens, std::uint64_t seed,
                                     AttentionMeasure measure, const JobContext& context);
    std::optional<AttentionNumbers> selfAttention(const std::vector<std::int64_t>& latents, const JobContext& context,
                                                  std::optional<std::int64_t> block);
    std::optional<AttentionSummaries> summaries(const JobContext& context);

private:
    AttentionMoment(MomentInputs inputs, at::Tensor velocity, AttentionProbe probe);
    /// With another bias of the context's logits. Throws Stopped.
    at::Tensor velocityWith(const at::Tensor& logitBias, const JobContext& context) const;
    const CrossAttentionMap& mapOf(std::int64_t block, AttentionMeasure measure);
    bool summarise(const JobContext& context);
    void expectLatents(const std::vector<std::int64_t>& latents) const;

    MomentInputs in_;
    at::Tensor velocity_;
    AttentionProbe probe_;
    // Empty until asked.
    std::vector<AttentionSummary> summaries_;                   ///< By block.
    std::map<std::int64_t, CrossAttentionMap> contributions_;   ///< The same.
    std::array<std::map<std::int64_t, at::Tensor>, 2> logSums_; ///< The same, by measure.
};

} // namespace nanodit
