/// The autoencoder's convolutions in both layouts and precisions, in turns: bench_autoencoder [pixels] [rounds]
/// [threads] [FOLDER], the folder of a model as diffusers has it; without one, FLUX's shape with random weights. Prints
/// the best seconds of each; usualPixelLayout (core/encoders/encoder_options.h) and float32 are what the program takes.
/// The errors are root mean squares against float32 with channels first. Beside those of bf16 stands what 8 bits do: to
/// the latent when the picture is rounded to them, to the picture when the decoded one is. bf16 can be taken where its
/// error is below that, on a model that somebody trained. Then the convolutions one by one, with the error as a share
/// of the result.

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

struct Way {
    const char* name;
    EncoderOptions options;
};
const std::array ways = {
    Way{"float32 first", {.layout = PixelLayout::ChannelsFirst}},
    Way{"float32 last", {.layout = PixelLayout::ChannelsLast}},
    Way{"bf16 first", {.convolutions = at::kBFloat16, .layout = PixelLayout::ChannelsFirst}},
    Way{"bf16 last", {.convolutions = at::kBFloat16, .layout = PixelLayout::ChannelsLast}},
};

AutoencoderKl autoencoderBy(const Way& way, const char* folder)
{
    if (folder != nullptr)
        return AutoencoderKl::load(folder, way.options);
    const AutoencoderConfig config{.latentChannels = 16};
    return AutoencoderKl(config, initialAutoencoderWeights(config, 0), "the autoencoder", way.options);
}

double rootMeanSquare(const at::Tensor& x)
{
    return x.square().mean().sqrt().item<double>();
}

/// A picture in [-1, 1] as a file holds it.
at::Tensor roundedTo8Bits(const at::Tensor& picture)
{
    return ((picture + 1) * 127.5).round() / 127.5 - 1;
}

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
    std::vector<AutoencoderKl> autoencoders;
    for (const auto& way : ways)
        autoencoders.push_back(autoencoderBy(way, argc > 4 ? argv[4] : nullptr));
    const auto& exact = autoencoders.front();
    const auto picture = at::upsample_bilinear2d(at::rand({1, 3, 16, 16}), {pixels, pixels}, false) * 2 - 1; // smooth
    const auto latent = exact.encode(picture).mean;

    struct Work {
        std::string what;
        std::function<at::Tensor(const AutoencoderKl&)> run;
        double errorOf8Bits;
    };
    const double ofEncoding = rootMeanSquare(exact.encode(roundedTo8Bits(picture)).mean - latent);
    const auto decoded = exact.decode(latent);
    const double ofDecoding = rootMeanSquare(roundedTo8Bits(decoded) - decoded);
    const std::vector<Work> works = {
        {"encoding", [&](const AutoencoderKl& by) { return by.encode(picture).mean; }, ofEncoding},
        {"encoding as a pass does, which may be stopped",
         [&](const AutoencoderKl& by) { return by.encode(picture, [] { return false; })->mean; }, ofEncoding},
        {"decoding", [&](const AutoencoderKl& by) { return by.decode(latent); }, ofDecoding},
    };
    std::printf("%s, %d thread(s), %lld x %lld pixels, best of %d rounds\n", computeInfo().description.c_str(),
                at::get_num_threads(), static_cast<long long>(pixels), static_cast<long long>(pixels), rounds);
    for (const auto& work : works) {
        std::array<double, ways.size()> best;
        best.fill(1e9);
        std::array<at::Tensor, ways.size()> results;
        for (int round = 0; round <= rounds; ++round) {
            for (std::size_t i = 0; i < ways.size(); ++i) {
                const double seconds = secondsOf([&] { results[i] = work.run(autoencoders[i]); });
                if (round > 0) // the first one allocates and lays out
                    best[i] = std::min(best[i], seconds);
            }
        }
        std::printf("%s; 8 bits: error %.1e\n", work.what.c_str(), work.errorOf8Bits);
        for (std::size_t i = 0; i < ways.size(); ++i)
            std::printf("  %-16s %10.3f s, ratio %.2f, error %.1e\n", ways[i].name, best[i], best[0] / best[i],
                        rootMeanSquare(results[i] - results[0]));
        std::fflush(stdout);
    }
    timeConvolutions(pixels, rounds);
    return 0;
}
