#pragma once

/// The velocities that guidance combines: one model's, seen by null or real text and null or real DINO.
/// Shapes: B samples, C latent channels, H W latent pixels.

#include "core/encoders/stop.h"
#include "core/geometry/bucket.h"
#include "core/model/nanodit.h"

#include <array>
#include <optional>
#include <utility>

namespace nanodit {

/// By which conditions an evaluation of the model sees.
enum class Branch { Unconditional, Text, Dino, Full };
inline constexpr std::size_t branchCount = 4;
inline constexpr std::array<Branch, branchCount> allBranches = {Branch::Unconditional, Branch::Text, Branch::Dino,
                                                                Branch::Full};

/// Which conditions a picture has; without one, its null takes its place in every branch.
struct GivenConditions {
    bool text = true, dino = true;
    bool operator==(const GivenConditions&) const = default;
};
/// The branch that remains of one when a condition is null anyway.
Branch reduced(Branch branch, GivenConditions given);

/// Throws UsageError when it is not.
void requireInternalHead(bool there);

/// How an evaluation that was told to stop leaves the model.
struct EvaluationStopped {};

/// Evaluates one model under one picture's (or a batch's) conditions. A branch's context, with its keys and values, is
/// built when it is first needed and serves every step, seed and scale after that; that of one picture's conditions
/// also serves a batch of pictures with these conditions, without being copied. One thread at a time.
class BranchEvaluator {
public:
    /// `model` must outlive this, and `compute` be where it is. The model is evaluated in that precision.
    BranchEvaluator(const NanoDiT& model, const Conditions& conditions, GivenConditions given, GridSize latentTokens,
                    const Compute& compute);

    /// x [B, C, H, W], where the conditions are of B pictures or of one -> [B, C, H, W] float32. `internal` becomes
    /// what the internal head predicts, by the same evaluation; it stays undefined for a model without one.
    at::Tensor velocity(Branch branch, const at::Tensor& x, float t, at::Tensor* internal = nullptr);
    /// Asked after each block of the evaluations to come; a true ends the one that runs by EvaluationStopped,
    /// and the next begins as if it had not been. Empty: they are not stopped.
    void stopWhen(StopCheck stop) { stop_ = std::move(stop); }
    bool hasInternalHead() const { return model_.config().internalHead > 0; }
    GivenConditions given() const { return given_; }
    /// How often the model was evaluated.
    std::int64_t evaluations() const { return evaluations_; }

private:
    const NanoDiT& model_;
    Conditions conditions_;
    GivenConditions given_;
    GridSize latentTokens_;
    Precision precision_;
    std::array<std::optional<ConditionContext>, branchCount> contexts_;
    std::int64_t evaluations_ = 0;
    StopCheck stop_;
};

/// While it stands, `stop` ends the evaluations of these within a block.
class StoppableEvaluations {
public:
    /// Null: none.
    StoppableEvaluations(const std::array<BranchEvaluator*, 2>& evaluators, const StopCheck& stop);
    ~StoppableEvaluations() { set({}); }
    StoppableEvaluations(const StoppableEvaluations&) = delete;
    StoppableEvaluations& operator=(const StoppableEvaluations&) = delete;

private:
    void set(const StopCheck& stop);

    std::array<BranchEvaluator*, 2> evaluators_;
};

/// The branches' velocities at one point of the flow, each evaluated when it is first asked for. Several guiders may
/// read one, as the pictures of a guidance plane do at the noise that they share.
class BranchVelocities {
public:
    BranchVelocities(BranchEvaluator& evaluator, at::Tensor x, float t);
    /// One sample of a batch: a branch that it is the first to ask for is evaluated for all of them. `batch` must
    /// outlive this.
    BranchVelocities(BranchVelocities& batch, std::int64_t sample);

    /// [B, C, H, W]; branches that are equal because a condition is null are one.
    const at::Tensor& operator()(Branch branch);
    /// The same of the internal head, at no other evaluation. Throws UsageError for a model without one.
    const at::Tensor& internal(Branch branch);
    /// Asked for here, that is.
    bool evaluated(Branch branch) const;
    Branch reduced(Branch branch) const { return nanodit::reduced(branch, evaluator_.given()); }
    const at::Tensor& x() const { return x_; }
    float t() const { return t_; }

private:
    BranchEvaluator& evaluator_;
    at::Tensor x_;
    float t_;
    BranchVelocities* batch_ = nullptr; ///< Null: this is no sample of one.
    std::int64_t sample_ = 0;
    std::array<at::Tensor, branchCount> velocities_, internals_; ///< The latter of a model with an internal head.
};

} // namespace nanodit
