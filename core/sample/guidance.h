#pragma once

#include "core/geometry/bucket.h"
#include "core/model/nanodit.h"
#include "core/sample/sample_request.h"

#include <array>
#include <optional>

namespace nanodit {

struct Guidance {
    GuidanceMode mode = GuidanceMode::Additive;
    double textScale = 2.0;                  ///< s_text
    double dinoScale = 2.0;                  ///< s_dino
    std::array<double, 2> interval = {0, 1}; ///< Flow times in which the scales apply (Kynkaanniemi et al. 2024).
    bool hasText = true, hasDino = true;     ///< False: the picture has null text, or null CLS and patches.
};

/// By which conditions an evaluation of the model sees.
enum class Branch { Unconditional, Text, Dino, Full };
inline constexpr std::size_t branchCount = 4;

/// How much each branch's velocity counts at flow time t; branches of factor 0 need no evaluation. They sum to 1.
/// additive: v_u + s_text (v_text - v_u) + s_dino (v_dino - v_u)
/// chained: v_u + s_dino (v_dino - v_u) + s_text (v_full - v_dino) (Brooks et al. 2023, equation 3)
std::array<double, branchCount> branchFactors(const Guidance& guidance, double t);

/// One picture's (or a batch's) conditions under guidance: contexts are built when first needed, once.
class GuidedVelocity {
public:
    /// `model` must outlive this, and `compute` be where it is. The model is evaluated in that precision; velocities
    /// and their sum are float32.
    GuidedVelocity(const NanoDiT& model, const Conditions& conditions, GridSize latentTokens, const Guidance& guidance,
                   const Compute& compute);

    /// x [B, C, H, W] -> [B, C, H, W]
    at::Tensor operator()(const at::Tensor& x, float t);
    /// How often the model was evaluated.
    std::int64_t evaluations() const { return evaluations_; }

private:
    at::Tensor evaluate(Branch branch, const at::Tensor& x, const at::Tensor& t);

    const NanoDiT& model_;
    Conditions conditions_;
    GridSize latentTokens_;
    Guidance guidance_;
    Precision precision_;
    std::array<std::optional<ConditionContext>, branchCount> contexts_;
    std::int64_t evaluations_ = 0;
};

} // namespace nanodit
