/// Seconds of an optimiser step on random data: bench_train_step [demo|base] [f32|bf16] [steps] [valid text tokens].

#include "core/config/model_config.h"
#include "core/config/train_config.h"
#include "core/runtime/compute_info.h"
#include "core/train/trainer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace nanodit;

namespace {

struct Shape {
    ModelConfig model;
    std::int64_t batch, latentSide, textTokens, patchSide;
};

Shape demoShape()
{
    ModelConfig model;
    model.hiddenSize = 256;
    model.depth = 6;
    model.numHeads = 4;
    model.textDim = 64;
    model.dinoDim = 96;
    return {.model = model, .batch = 16, .latentSide = 16, .textTokens = 32, .patchSide = 8};
}

Shape baseShape()
{
    return {.model = {}, .batch = 1, .latentSide = 64, .textTokens = 512, .patchSide = 32};
}

Batch randomBatch(const Shape& shape, std::int64_t validTokens)
{
    Batch batch;
    batch.patchGrid = {.rows = shape.patchSide, .cols = shape.patchSide};
    for (std::int64_t i = 0; i < shape.batch; ++i)
        batch.ids.push_back(std::to_string(i));
    batch.latent = at::randn({shape.batch, shape.model.latentChannels, shape.latentSide, shape.latentSide});
    batch.text = at::randn({shape.batch, validTokens, shape.model.textDim});
    batch.textMask = at::ones({shape.batch, validTokens}, at::kBool);
    batch.cls = at::randn({shape.batch, shape.model.dinoDim});
    batch.patches = at::randn({shape.batch, batch.patchGrid.count(), shape.model.dinoDim});
    return batch;
}

} // namespace

int main(int argc, char** argv)
{
    setUpCompute({});
    const bool base = argc > 1 && std::strcmp(argv[1], "base") == 0;
    const bool bf16 = argc > 2 && std::strcmp(argv[2], "bf16") == 0;
    const int steps = argc > 3 ? std::atoi(argv[3]) : 8;
    const auto shape = base ? baseShape() : demoShape();
    const auto batch = randomBatch(shape, argc > 4 ? std::atoi(argv[4]) : shape.textTokens);

    TrainConfig config;
    config.model = shape.model;
    config.precision = bf16 ? Precision::Bf16 : Precision::Float32;
    config.conditions = {.dropBoth = 0, .dropDino = 0, .dropText = 0};
    Trainer trainer(config, shape.textTokens);
    std::vector<double> seconds;
    for (int i = 0; i < steps; ++i) {
        const auto start = std::chrono::steady_clock::now();
        trainer.step([&batch] { return batch; });
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(seconds.begin(), seconds.end());
    std::printf("%s %s, %d threads: best %.3f s, median %.3f s a step\n", base ? "base" : "demo", bf16 ? "bf16" : "f32",
                at::get_num_threads(), seconds.front(), seconds[seconds.size() / 2]);
    return 0;
}
