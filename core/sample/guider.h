#pragma once

/// Guidance rules: how one velocity is made of the branches'. With c and r for a term's conditional and reference
/// branch and s for its scale, guidance adds s (c - r) to the velocity of no conditions:
///   additive: (text, unconditional, s_text) and (DINO, unconditional, s_dino)
///   chained:  (DINO, unconditional, s_dino) and (full, DINO, s_text)        (Brooks et al. 2023, equation 3)

#include "core/sample/branches.h"
#include "core/sample/guidance_step.h"
#include "core/sample/sample_request.h"

#include <memory>
#include <span>
#include <vector>

namespace nanodit {

/// What guidance is made of; all of a request that concerns it but its weak guide.
struct Guidance {
    GuidanceMode mode = GuidanceMode::Additive;
    double textScale = 2.0;                  ///< s_text
    double dinoScale = 2.0;                  ///< s_dino
    std::array<double, 2> interval = {0, 1}; ///< Flow times in which the scales apply (Kynkaanniemi et al. 2024).
    GuidanceRule rule = GuidanceRule::Plain;
    double zeroUntil = 0.04; ///< CfgZero: the velocity is zero while t is within this of 1. See of().
    ProjectedGuidance projected{};
    double internalScale = 1.5; ///< Internal: w
    /// s_dino by place: a factor in [0, 1] for each of `patches`, row by row; empty: 1 everywhere. At each latent the
    /// whole DINO term s_dino (c - r) is multiplied by it, between the middles of patches by their bilinear mean.
    std::vector<double> dinoWeights{};
    GridSize patches{};

    /// CfgZero stands still in the first steps, as far as they end within 0.04 of noise: one that is longer would leave
    /// its share of the noise in the picture. `patches`: of a picture of the request's size. Throws UsageError unless
    /// its weights are one for each of them.
    static Guidance of(const SampleRequest& request, GridSize patches);
};

/// How much each branch's velocity counts at flow time t under the plain rule; branches of factor 0 need no evaluation.
/// They sum to 1.
std::array<double, branchCount> branchFactors(const Guidance& guidance, GivenConditions given, double t);

/// Makes one velocity of the branches'. One per picture or batch: it may keep state over the steps, which must come in
/// order.
class Guider {
public:
    virtual ~Guider() = default;
    /// [B, C, H, W] float32
    virtual at::Tensor velocity(BranchVelocities& branches) = 0;
    /// Whether guidance acts at flow time t: in its interval, and not while CfgZero stands still.
    virtual bool actsAt(double t) const = 0;
    /// Of the last velocity, for each of its B samples; computed from branches that velocity() evaluated anyway.
    virtual std::vector<GuidanceStep> measure(BranchVelocities& branches) const = 0;
};

/// The rule of `guidance`:
/// - Plain: the sum of the terms, by branchFactors().
/// - CfgZero (Fan et al. 2025, CFG-Zero*): each reference is first scaled by k = <c, r> / <r, r>, which corrects a
///   model that is not fully trained. What it is a reference of is scaled too: with additive terms the velocity of no
///   conditions, by the mean of their k; with chained ones the sum of the terms before. The velocity of the first steps
///   is zero.
/// - Internal (Zhou et al. 2025, "Guiding a Diffusion Transformer with the Internal Dynamics of Itself"): the sum of
///   Plain over branches that are each guided away from the internal head's prediction, v_i + w (v - v_i). Throws
///   UsageError, at the first velocity, for a model without one.
/// - Projected (Sadat et al. 2024, APG): each term's part along the prediction, which only saturates, is scaled by
///   `parallel`; its length is bounded by `threshold`; earlier steps count by `momentum`.
std::unique_ptr<Guider> makeGuider(const Guidance& guidance, GivenConditions given);

/// `inner` guided away from a weaker model with the same conditions: + (scale - 1) (v_full - v_full of the weak
/// one) (Karras et al. 2024, equation 3), while `inner` acts. A scale of 1 changes nothing. `weak` must outlive the
/// guider.
std::unique_ptr<Guider> makeAutoguider(std::unique_ptr<Guider> inner, BranchEvaluator& weak, double scale);

/// Samples of a batch that are each led by a guider of their own, as the pictures of a guidance plane are. Velocities
/// of one sample, with which they all begin, are each one's.
std::unique_ptr<Guider> makeGuiderOfEach(std::vector<std::unique_ptr<Guider>> guiders);

/// What leads the pictures of these requests, which differ in their scales alone, as one batch; of one request, each of
/// a batch. `weak`, of their weak guide, is evaluated once for all of them; null without one.
std::unique_ptr<Guider> makeGuiderFor(std::span<const SampleRequest> requests, GridSize patches, GivenConditions given,
                                      BranchEvaluator* weak);

} // namespace nanodit
