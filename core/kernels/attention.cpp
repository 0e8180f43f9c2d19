#include "core/kernels/attention.h"

#include "core/kernels/attention_kernel.h"
#include "core/kernels/fixed_order.h"
#include "core/kernels/tensor_memory.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/version.h>

#include <optional>

namespace nanodit {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

const AttentionKernel& kernelFor(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v)
{
    return isForKernels(q) && isForKernels(k) && isForKernels(v) ? tileAttention() : blockAttention();
}

/// What autograd is not to see, and that may be undefined.
struct Constants {
    double scale;
    at::Tensor bias, queryAt, patchAt;
};

class Attention : public torch::autograd::Function<Attention> {
public:
    /// strengths [B, heads], or empty without a prior.
    static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              const at::Tensor& strengths, const Constants& constants)
    {
        const c10::impl::ExcludeDispatchKeyGuard noAutocast(c10::autocast_dispatch_keyset);
        const auto output = kernelFor(q, k, v).forward(q, k, v, termsOf(strengths, constants));
        context->save_for_backward(
            {q, k, v, output.values, output.logSums, strengths, constants.bias, constants.queryAt, constants.patchAt});
        context->saved_data["scale"] = constants.scale;
        return output.values;
    }

    static tensor_list backward(AutogradContext* context, tensor_list gradients)
    {
        const c10::impl::ExcludeDispatchKeyGuard noAutocast(c10::autocast_dispatch_keyset);
        const auto saved = context->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2], &strengths = saved[5];
        const auto terms = termsOf(strengths, {.scale = context->saved_data["scale"].toDouble(),
                                               .bias = saved[6],
                                               .queryAt = saved[7],
                                               .patchAt = saved[8]});
        const auto of =
            kernelFor(q, k, v).backward(gradients[0], q, k, v, {.values = saved[3], .logSums = saved[4]}, terms);
        return {of.q, of.k, of.v, of.strengths.defined() ? of.strengths : at::zeros_like(strengths), at::Tensor()};
    }

private:
    static AttentionTerms termsOf(const at::Tensor& strengths, const Constants& constants)
    {
        AttentionTerms terms{.scale = constants.scale, .bias = constants.bias, .prior = {}};
        if (strengths.numel() > 0)
            terms.prior = {.strengths = strengths, .queryAt = constants.queryAt, .patchAt = constants.patchAt};
        return terms;
    }
};

/// By LibTorch's own fused kernels, on a GPU and from version 2.1 on. They take no prior, and a bias only in the type
/// of the queries: in bf16 ln n would be off by more than one in a hundred. Empty where they do not apply, or where
/// sums need a fixed order (FixedOrderScope).
std::optional<at::Tensor> fusedAttention([[maybe_unused]] const at::Tensor& q, [[maybe_unused]] const at::Tensor& k,
                                         [[maybe_unused]] const at::Tensor& v,
                                         [[maybe_unused]] const AttentionTerms& terms)
{
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1)
    const bool exact = !terms.bias.defined() || q.scalar_type() == at::kFloat;
    if (q.is_cuda() && exact && !terms.prior.defined() && !addsInFixedOrder()) {
        const auto mask = terms.bias.defined() ? std::optional(terms.bias) : std::nullopt;
        return at::scaled_dot_product_attention(q, k, v, mask, 0, false, terms.scale);
    }
#endif
    return {};
}

} // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionTerms& terms)
{
    if (auto fused = fusedAttention(q, k, v, terms))
        return *fused;
    // Autograd of LibTorch 1.13 takes no undefined tensor, so that no prior is an empty one.
    const auto strengths =
        terms.prior.defined() ? terms.prior.strengths : at::empty({0}, q.options().dtype(at::kFloat));
    return Attention::apply(
        q, k, v, strengths,
        Constants{
            .scale = terms.scale, .bias = terms.bias, .queryAt = terms.prior.queryAt, .patchAt = terms.prior.patchAt});
}

at::Tensor plainAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionTerms& terms)
{
    auto logits = at::matmul(q, k.transpose(-1, -2)) * terms.scale;
    if (terms.bias.defined())
        logits = logits + terms.bias;
    if (terms.prior.defined()) {
        const auto distances = squaredDistances(terms.prior.queryAt, terms.prior.patchAt);
        logits = logits - at::constant_pad_nd(terms.prior.strengths.unsqueeze(2).unsqueeze(3) * distances,
                                              {k.size(2) - distances.size(1), 0}, 0);
    }
    return at::matmul(at::softmax(logits, -1), v);
}

} // namespace nanodit
