/// Fails when attention is far slower than the products that it is made of, or slower an operation with many samples
/// and heads than with few. The margins are wide: what is to be seen is a kernel whose traffic grows with the square of
/// something, not a busy machine.

#include "core/kernels/attention.h"
#include "core/runtime/compute_info.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>

using namespace nanodit;

namespace {

constexpr std::int64_t tokens = 512, width = 64;
constexpr int tries = 5;
constexpr double leastShareOfProducts = 0.25, leastShareOfFewHeads = 0.5;

template<typename Run>
double bestSeconds(Run&& run)
{
    double best = 1e9;
    for (int i = 0; i <= tries; ++i) {
        const auto start = std::chrono::steady_clock::now();
        run();
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        if (i > 0)
            best = std::min(best, taken.count());
    }
    return best;
}

/// Operations a second of attention forward and backward, and of the seven products of at::bmm that these are.
struct Rates {
    double attention, products;
};

Rates ratesOf(std::int64_t heads)
{
    const auto random = [heads] { return at::randn({1, heads, tokens, width}); };
    const auto q = random(), k = random(), v = random(), gradient = random();
    const double operations = 14.0 * static_cast<double>(heads * tokens * tokens * width);
    const double seconds = bestSeconds([&] {
        const auto leaf = [](const at::Tensor& x) { return x.detach().set_requires_grad(true); };
        attention(leaf(q), leaf(k), leaf(v), {.scale = 0.125, .bias = {}, .prior = {}}).backward(gradient);
    });
    const auto flat = [](const at::Tensor& x) { return x.squeeze(0); };
    const auto keys = flat(k).transpose(1, 2).contiguous();
    const auto logits = at::randn({heads, tokens, tokens});
    const double ofLogits = bestSeconds([&] { at::bmm(flat(q), keys); });   // three of the seven are of this shape
    const double ofValues = bestSeconds([&] { at::bmm(logits, flat(v)); }); // and four of this
    return {.attention = operations / seconds, .products = operations / (3 * ofLogits + 4 * ofValues)};
}

} // namespace

int main()
{
    setUpCompute({});
    const auto few = ratesOf(4), many = ratesOf(96);
    const bool fails = few.attention < leastShareOfProducts * few.products ||
                       many.attention < leastShareOfProducts * many.products ||
                       many.attention < leastShareOfFewHeads * few.attention;
    std::printf(
        "attention forward and backward, 512 x 512 tokens: %.1f GFLOP/s with 4 heads (its products alone: %.1f), "
        "%.1f with 96 (%.1f)%s\n",
        few.attention / 1e9, few.products / 1e9, many.attention / 1e9, many.products / 1e9, fails ? ": too slow" : "");
    return fails ? 1 : 0;
}
