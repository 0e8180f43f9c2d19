#pragma once

#include "core/train/optimiser.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace nanodit {

/// Muon (Jordan et al. 2024): momentum m = mu m + (1 - mu) g, looked ahead (Nesterov), made orthogonal, as a step of
/// the weight matrices of the blocks; AdamW for all other parameters. As Liu et al. 2025 ("Muon is scalable for LLM
/// training") have it, a step of an [n, m] matrix is scaled by 0.2 sqrt(max(n, m)), which makes it as large as one of
/// AdamW, so that both take one learning rate, and weight decay acts as in AdamW. Maps that lie on top of each other in
/// one matrix (queries, keys and values; modulations) are made orthogonal one by one.
class Muon final : public Optimiser {
public:
    /// `options`: weight decay of all, the rest of the other parameters. `precision`: of the products that make steps
    /// orthogonal; Jordan et al. use bf16, for what they aim at is rough anyway.
    Muon(const Parameters& parameters, const AdamWOptions& options, Precision precision = Precision::Float32);
    using Optimiser::step;
    void step(const StepTerms& terms) override;
    /// NAME.momentum (float32, sharing memory) of the matrices; of the others what AdamW has.
    TensorMap state() const override;
    void restore(const TensorMap& state, const std::string& source) override;

    /// Whether a parameter is one of those matrices.
    static bool steps(const Parameter& parameter);

private:
    struct Matrix {
        Parameter parameter;
        at::Tensor momentum;
        std::int64_t maps = 1; ///< That lie on top of each other.

        std::pair<std::int64_t, std::int64_t> mapShape() const; ///< Rows and columns of one of them.
    };
    /// `matrices`: of one mapShape(). What has no gradient stays.
    void stepTogether(std::span<Matrix> matrices, at::ScalarType type, double lr);

    std::vector<Matrix> matrices_; ///< By mapShape().
    AdamW others_;
    double weightDecay_;
    Precision precision_;
};

/// The nearest orthogonal matrix, roughly: five Newton-Schulz steps of the quintic whose coefficients Jordan et al.
/// chose for speed, which leave singular values between about 0.7 and 1.2. [k, n, m], each of the k by itself; float32
/// or bf16, in which it computes.
at::Tensor orthogonalised(const at::Tensor& matrices);

} // namespace nanodit
