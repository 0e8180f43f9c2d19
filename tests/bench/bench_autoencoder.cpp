/// Both layouts of the autoencoder's convolutions in turns, of FLUX's shape with random weights: bench_autoencoder
/// [pixels] [rounds] [threads]. Prints the best seconds of each and what channels last are worth; usualPixelLayout
/// (core/encoders/encoder_options.h) is what the program takes. Then its convolutions one by one, in bf16, too, which
/// the program does not take: what that would be worth, and the root mean square of its error as a share of that of the
/// result.

#include "core/encoders/autoencoder_kl.h"
#include "core/runtime/compute_info.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace nanodit;

namespace {

constexpr std::array layouts = {PixelLayout::ChannelsFirst, PixelLayout::ChannelsLast};

double secondsOf(const std::function<void()>& run)
{
    const auto start = std::chrono::steady_clock::now();
    run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The 3 x 3 convolution between as many channels at each resolution.
void timeConvolutions(std::int64_t pixels, int rounds)
{
    std::printf("\n%-34s %14s %14s %14s %14s %8s\n", "convolutions of 3 x 3", "float32 first", "float32 last",
                "bf16 first", "bf16 last", "error");
    for (const auto& [channels, factor] :
         {std::pair(128, 1), std::pair(256, 2), std::pair(512, 4), std::pair(512, 8)}) {
        const auto side = pixels / factor;
        const auto x = at::randn({1, channels, side, side}), kernel = at::randn({channels, channels, 3, 3});
        std::vector<double> best;
        std::vector<at::Tensor> results;
        for (const auto type : {at::kFloat, at::kBFloat16}) {
            for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
                const auto in = x.to(type).contiguous(format), by = kernel.to(type).contiguous(format);
                const auto run = [&] { results.push_back(at::conv2d(in, by, {}, 1, 1)); };
                run();
                double least = 1e9;
                for (int round = 0; round < rounds; ++round) {
                    results.pop_back();
                    least = std::min(least, secondsOf(run));
                }
                best.push_back(least);
            }
        }
        const auto error = (results.back().to(at::kFloat) - results.front()).square().mean().sqrt();
        const auto text =
            std::to_string(channels) + " channels, " + std::to_string(side) + " x " + std::to_string(side);
        std::printf("%-34s %12.4f s %12.4f s %12.4f s %12.4f s %8.1e\n", text.c_str(), best[0], best[1], best[2],
                    best[3], (error / results.front().square().mean().sqrt()).item<double>());
        std::fflush(stdout);
    }
}

} // namespace

int main(int argc, char** argv)
{
    setUpCompute({});
    const std::int64_t pixels = argc > 1 ? std::atoi(argv[1]) : 512;
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 3;
    if (argc > 3)
        at::set_num_threads(std::atoi(argv[3]));
    const at::NoGradGuard noGradient;
    at::manual_seed(0);
    const AutoencoderConfig config{.latentChannels = 16};
    const auto weights = initialAutoencoderWeights(config, 0);
    std::vector<AutoencoderKl> autoencoders;
    for (const auto layout : layouts)
        autoencoders.emplace_back(config, weights, "the autoencoder", EncoderOptions{.layout = layout});
    const auto picture = at::rand({1, 3, pixels, pixels}) * 2 - 1;
    const auto latent = at::randn({1, 16, pixels / config.factor(), pixels / config.factor()});

    struct Work {
        std::string what;
        std::function<at::Tensor(const AutoencoderKl&)> run;
    };
    const std::vector<Work> works = {
        {"encoding", [&](const AutoencoderKl& by) { return by.encode(picture).mean; }},
        {"encoding as a pass does, which may be stopped",
         [&](const AutoencoderKl& by) { return by.encode(picture, [] { return false; })->mean; }},
        {"decoding", [&](const AutoencoderKl& by) { return by.decode(latent); }},
    };
    std::printf("%s, %d thread(s), %lld x %lld pixels, best of %d rounds\n", computeInfo().description.c_str(),
                at::get_num_threads(), static_cast<long long>(pixels), static_cast<long long>(pixels), rounds);
    std::printf("%-48s %14s %14s %8s %12s\n", "", "channels first", "channels last", "ratio", "difference");
    for (const auto& work : works) {
        std::array<double, 2> best = {1e9, 1e9};
        std::array<at::Tensor, 2> results;
        for (int round = 0; round <= rounds; ++round) {
            for (std::size_t i = 0; i < layouts.size(); ++i) {
                const double seconds = secondsOf([&] { results[i] = work.run(autoencoders[i]); });
                if (round > 0) // the first one allocates and lays out
                    best[i] = std::min(best[i], seconds);
            }
        }
        const auto difference = (results[0] - results[1]).abs().max().item<double>();
        std::printf("%-48s %12.3f s %12.3f s %8.2f %12.1e\n", work.what.c_str(), best[0], best[1], best[0] / best[1],
                    difference);
        std::fflush(stdout);
    }
    timeConvolutions(pixels, rounds);
    return 0;
}
