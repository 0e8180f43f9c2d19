/// What a click costs at 1024 x 1024 pixels: 4096 latent tokens, 512 + 1 + 5329 context tokens, width 768, 12 heads.
/// bench_attention [blocks]

#include "core/config/model_config.h"
#include "core/geometry/bucket.h"
#include "core/inspect/attention_probe.h"
#include "core/model/nanodit.h"
#include "core/runtime/compute_info.h"
#include "tests/support/peak_bytes.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>

using namespace nanodit;

namespace {

constexpr GridSize latents = {64, 64}, patches = {73, 73};
constexpr std::int64_t textTokens = 512;
constexpr int repetitions = 5;
constexpr double megabyte = 1 << 20;

/// Best time and the most memory of a few tries; other programs can spoil some.
template<typename Action>
void measure(const char* what, Action&& action)
{
    double best = 1e9;
    std::int64_t peak = 0;
    for (int i = 0; i < repetitions; ++i) {
        const auto start = std::chrono::steady_clock::now();
        peak = std::max(peak, test::peakBytes(action));
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::printf("%-58s %8.1f ms %7.1f MiB\n", what, best * 1000, static_cast<double>(peak) / megabyte);
}

} // namespace

int main(int argc, char** argv)
{
    setUpCompute({});
    const at::NoGradGuard noGradient;
    ModelConfig config;
    config.depth = argc > 1 ? std::atoi(argv[1]) : 1;
    const NanoDiT model(config);
    at::manual_seed(1);
    for (const auto& parameter : model.parameters()) { // a new model's attention is the same everywhere
        auto value = parameter.value;
        value.copy_(at::randn(value.sizes()) * 0.02);
    }
    const Conditions conditions{.cls = at::randn({1, config.dinoDim}),
                                .patches = at::randn({1, patches.count(), config.dinoDim}),
                                .patchGrid = patches,
                                .text = at::randn({1, textTokens, config.textDim}),
                                .textMask = {},
                                .textTokens = textTokens};
    const auto context = model.context(conditions, {}, latents, true);
    const auto x = at::randn({1, config.latentChannels, 128, 128});
    const auto t = at::full({1}, 0.7F);
    std::printf("%lld blocks, %d threads; extra memory of tensors at the peak\n", static_cast<long long>(config.depth),
                at::get_num_threads());
    measure("evaluating the model, nobody looks", [&] { model.velocity(x, t, context, {.checkpointing = false}); });
    std::unique_ptr<AttentionProbe> probe;
    const auto look = [&] {
        probe.reset(); // before the next one's memory
        probe = std::make_unique<AttentionProbe>(context, 0, patches, latents);
        model.velocity(x, t, context, {.checkpointing = false, .observer = probe.get()});
    };
    measure("evaluating the model under a probe", look);
    look();
    const auto& map = probe->cross(0);
    std::vector<std::int64_t> all(static_cast<std::size_t>(latents.count()));
    std::iota(all.begin(), all.end(), 0);
    const std::vector<std::int64_t> one = {2080}, patch = {textTokens + 1 + 2664};
    measure("one block: a click on a latent token", [&] { map.mean(one); });
    measure("one block: a region of 16 x 16 latent tokens", [&] { map.mean(std::span(all).first(256)); });
    measure("one block: the mean of all latent tokens", [&] { map.mean(all); });
    std::optional<AttentionSummary> summary;
    measure("one block: shares, entropy and alignment of all", [&] { summary = map.summary(); });
    measure("one block: the first click on a word or patch", [&] { map.onLatents(patch, map.logSums()); });
    measure("one block: a click on another, after that", [&] { map.onLatents(patch, summary->logSums); });
    return 0;
}
