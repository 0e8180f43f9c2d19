#include "core/doctor/proof.h"

#include "core/config/workspace_config.h"
#include "core/golden/agreement.h"
#include "core/golden/golden.h"
#include "core/model/stored_weights.h"
#include "core/preprocess/pass_encoders.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/runtime/generator.h"
#include "core/sample/guidance.h"
#include "core/sample/solver.h"
#include "core/train/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::array productsNames = {"float32", "TensorFloat-32", "bf16"};

/// Where and how.
struct Site {
    ComputeChoice choice = {.device = "cpu"};
    Products products = Products::Float32;

    bool isReference() const { return choice.device == "cpu" && products == Products::Float32; }
    std::string inWords() const { return choice.device + ", " + productsNames[static_cast<std::size_t>(products)]; }
    /// Sets what the process computes with, too.
    Compute compute() const
    {
        auto exact = choice;
        exact.precision = products == Products::Bf16 ? Precision::Bf16 : Precision::Float32;
        return makeCompute(exact, {.precision = *exact.precision, .tf32 = products == Products::Tf32});
    }
};

/// Of relativeDifference() to the CPU's float32, which equals itself.
double toleranceAt(const Site& site)
{
    return site.isReference() ? 0 : relativeTolerance(site.products);
}

constexpr std::int64_t textTokens = 16, patchSide = 8, latentSide = 16, samples = 2;
constexpr std::uint64_t seed = 20;

TrainConfig smallConfig()
{
    TrainConfig config;
    config.model.hiddenSize = 64;
    config.model.depth = 2;
    config.model.numHeads = 4;
    config.model.textDim = 48;
    config.model.dinoDim = 32;
    config.model.patchPosition = PatchPosition::Sincos;
    config.conditions = {.dropBoth = 0.1, .dropDino = 0.3, .dropText = 0.1};
    config.schedule.warmupSteps = 0;
    config.optimiser.eps = 1e-2; // so that an update goes with its gradient, and not with its sign alone
    return config;
}

at::Generator generator()
{
    return seededGenerator(seed);
}

/// Values for every weight, none of them zero, so that every gradient has something to say.
TensorMap weightsOf(const ModelConfig& config)
{
    auto chance = generator();
    TensorMap weights;
    const NanoDiT model(config);
    for (const auto& [name, value] : model.parameters())
        weights.emplace(name, at::randn(value.sizes(), chance, at::TensorOptions(at::kFloat)).mul_(0.05));
    return weights;
}

Batch batchFor(const ModelConfig& config)
{
    auto chance = generator();
    const auto drawn = [&chance](std::vector<std::int64_t> shape) {
        return at::randn(shape, chance, at::TensorOptions(at::kFloat));
    };
    Batch batch;
    batch.patchGrid = {.rows = patchSide, .cols = patchSide};
    for (std::int64_t i = 0; i < samples; ++i)
        batch.ids.push_back(std::to_string(i));
    batch.captions.resize(samples);
    batch.latent = drawn({samples, config.latentChannels, latentSide, latentSide});
    batch.text = drawn({samples, textTokens, config.textDim});
    batch.textMask = at::ones({samples, textTokens}, at::kBool);
    batch.textMask.select(0, 0).narrow(0, textTokens / 2, textTokens / 2).fill_(false); // the first caption is shorter
    batch.cls = drawn({samples, config.dinoDim});
    batch.patches = drawn({samples, batch.patchGrid.count(), config.dinoDim});
    return batch;
}

at::Tensor onCpu(const at::Tensor& tensor)
{
    return tensor.detach().to(at::kCPU, at::kFloat).flatten();
}

/// Loss, gradients and the change of the weights of one optimiser step.
TensorMap trainingStep(const Site& site)
{
    const auto config = smallConfig();
    const auto weights = weightsOf(config.model);
    Trainer trainer(config, textTokens, site.compute());
    trainer.startFrom({.sets = {{.place = {}, .tensors = weights}}, .foreignObjects = {}, .unreadable = {}},
                      "the doctor's weights");
    const auto batch = batchFor(config.model);
    const auto metrics = trainer.step([&batch] { return batch; });
    std::vector<at::Tensor> gradients, changes;
    for (const auto& [name, value] : trainer.model().parameters()) {
        changes.push_back(onCpu(value) - weights.at(name).flatten());
        if (value.grad().defined())
            gradients.push_back(onCpu(value.grad()));
    }
    return {{"a training step's loss", at::full({1}, metrics->loss, at::kFloat)},
            {"its gradients", at::cat(gradients)},
            {"its change of the weights", at::cat(changes)}};
}

/// The latent of a sample in four steps under guidance.
TensorMap sample(const Site& site)
{
    const at::NoGradGuard noGrad;
    const auto config = smallConfig();
    const auto batch = batchFor(config.model);
    const auto compute = site.compute();
    NanoDiT model(config.model, 0, compute.device);
    loadState(model.parameters(), weightsOf(config.model), "the doctor's weights");
    const Conditions conditions{.cls = batch.cls,
                                .patches = batch.patches,
                                .patchGrid = batch.patchGrid,
                                .text = batch.text,
                                .textMask = batch.textMask,
                                .textTokens = textTokens};
    GuidedVelocity velocity(model, conditions, {}, model.tokenGrid(latentSide, latentSide),
                            {.textScale = 2, .dinoScale = 2}, compute);
    const auto latent = solve(
        Solver::Euler, [&velocity](const at::Tensor& x, float t) { return velocity(x, t); },
        batch.latent.to(compute.device), flowTimes(4, 1), [](const SolverStep&) { return true; });
    return {{"a sample", onCpu(*latent)}};
}

/// What the demo's encoders make of a caption and a picture.
TensorMap encoded(const fs::path& demo, const Site& site)
{
    const at::NoGradGuard noGrad;
    Workspace workspace{.root = demo, .config = {}};
    workspace.config.dinoEncoder = "dinov3-demo";
    workspace.config.t5Encoder = "t5-demo";
    workspace.config.vae = "vae";
    const auto encoders = encodersOf(workspace, site.compute());
    Image picture{.size = {128, 128}, .rgb = {}};
    for (std::int64_t i = 0; i < 3 * picture.size.width * picture.size.height; ++i)
        picture.rgb.push_back(static_cast<std::uint8_t>((i * i / 97 + i / 5) % 256));
    const JobContext context;
    const auto features = encoders.loadPatch()({picture}, context);
    return {{"a caption's text tokens",
             onCpu(encoders.loadText()({"a red circle at the top left and a blue square"}, context).front())},
            {"a picture's latent", onCpu(encoders.loadLatent()({picture}, context))},
            {"a picture's patches", at::cat({onCpu(features.cls), onCpu(features.patches)})}};
}

void describe(ProofFacts& proof, const std::exception& error)
{
    auto notice = noticeOf(error);
    proof.note = std::move(notice.text);
    proof.remedy = notice.remedy;
}

/// Something to compute at several sites.
struct Subject {
    const char* what;
    std::function<TensorMap(const Site&)> compute;
    std::vector<Products> products;
};

void prove(std::vector<ProofFacts>& proofs, const Subject& subject, const ComputeChoice& choice)
{
    Site site{.choice = choice, .products = Products::Float32};
    const auto line = [&site](const std::string& what) {
        return ProofFacts{.what = what, .where = site.inWords(), .tolerance = toleranceAt(site), .note = {}};
    };
    try {
        const auto reference =
            subject.compute({.choice = {.device = "cpu", .precision = {}, .threads = choice.threads}});
        for (const auto products : subject.products) {
            site.products = products;
            const auto ours = subject.compute(site);
            for (const auto& [name, expected] : reference) {
                auto proof = line(name);
                proof.difference = relativeDifference(ours.at(name), expected);
                proof.passed = proof.difference <= proof.tolerance;
                proofs.push_back(std::move(proof));
            }
        }
    } catch (const std::exception& error) {
        auto proof = line(subject.what);
        describe(proof, error);
        proofs.push_back(std::move(proof));
    }
}

void proveGoldens(std::vector<ProofFacts>& proofs, const fs::path& folder, const ComputeChoice& choice,
                  const JobContext& context)
{
    const Site site{.choice = choice, .products = Products::Float32};
    auto exact = choice;
    exact.precision = Precision::Float32;
    const auto cases = goldenCases(folder);
    for (const auto& each : cases) {
        if (context.shouldStop())
            return;
        ProofFacts proof{.what = "golden case " + each.filename().string(),
                         .where = site.isReference() ? std::string() : site.inWords(),
                         .note = {}};
        try {
            const auto report = runGolden(each, exact);
            double worst = -1;
            for (const auto& line : report.lines) {
                const double ratio = line.passed ? line.largestError / std::max(line.tolerance, 1e-300)
                                                 : std::numeric_limits<double>::infinity();
                if (ratio <= worst)
                    continue;
                worst = ratio;
                proof.difference = line.largestError;
                proof.tolerance = line.tolerance;
                if (!line.passed)
                    proof.note = line.name + (line.note.empty() ? "" : ": " + line.note);
            }
            proof.passed = report.passed();
            if (proof.passed)
                proof.note = std::to_string(report.lines.size()) + " outputs compared";
        } catch (const std::exception& error) {
            describe(proof, error);
        }
        proofs.push_back(std::move(proof));
    }
}

} // namespace

std::vector<ProofFacts> gatherProofs(const fs::path& resources, const ComputeChoice& device, const JobContext& context)
{
    std::vector<ProofFacts> proofs;
    proveGoldens(proofs, resources / "golden", device, context);
    const auto demo = resources / "demo";
    std::vector<Products> exact = {Products::Float32};
    if (device.device.starts_with("cuda"))
        exact.push_back(Products::Tf32);
    auto all = exact;
    all.push_back(Products::Bf16);
    std::vector<Subject> subjects = {{.what = "a training step", .compute = trainingStep, .products = all},
                                     {.what = "a sample", .compute = sample, .products = all}};
    if (fs::is_directory(demo)) // an installation may come without it
        subjects.push_back({.what = "the demo's encoders",
                            .compute = [&demo](const Site& site) { return encoded(demo, site); },
                            .products = exact});
    for (const auto& subject : subjects) {
        if (context.shouldStop())
            break;
        prove(proofs, subject, device);
    }
    return proofs;
}

} // namespace nanodit
