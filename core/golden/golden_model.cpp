#include "core/config/json.h"
#include "core/golden/compare.h"
#include "core/inspect/attention_probe.h"
#include "core/io/atomic_file.h"
#include "core/io/tensor.h"
#include "core/model/nanodit.h"
#include "core/model/stored_weights.h"
#include "core/runtime/error.h"
#include "core/sample/guidance.h"
#include "core/sample/solver.h"
#include "core/train/flow_matching.h"
#include "core/train/optimiser.h"
#include "core/train/warm_start.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Collects the comparison of one case.
class Comparison {
public:
    explicit Comparison(TensorMap expected)
        : expected_(std::move(expected))
    {
    }

    bool has(const std::string& name) const { return expected_.contains(name); }
    const at::Tensor& expected(const std::string& name) const { return expected_.at(name); }

    void compare(const std::string& name, const at::Tensor& ours, double tolerance)
    {
        const auto found = expected_.find(name);
        if (found == expected_.end())
            lines_.push_back({.name = name,
                              .largestError = std::numeric_limits<double>::quiet_NaN(),
                              .tolerance = tolerance,
                              .passed = false,
                              .note = "the case has no such output"});
        else
            lines_.push_back(compareTensors(name, ours.dim() == 0 ? ours.detach().view({1}) : ours.detach(),
                                            found->second, tolerance));
    }
    void compare(const std::string& name, double ours, double tolerance)
    {
        compare(name, at::full({1}, ours, at::kDouble), tolerance);
    }
    void add(GoldenLine line) { lines_.push_back(std::move(line)); }
    std::vector<GoldenLine> take() { return std::move(lines_); }

private:
    TensorMap expected_;
    std::vector<GoldenLine> lines_;
};

nlohmann::json readJsonFile(const fs::path& file)
{
    auto json = nlohmann::json::parse(readTextFile(file), nullptr, false);
    if (!json.is_object())
        throw DataError(file.string() + " is no JSON object: fetch the golden case again");
    return json;
}

TensorMap copyOf(const Parameters& parameters)
{
    TensorMap copy;
    for (const auto& [name, value] : parameters)
        copy.emplace(name, value.detach().clone());
    return copy;
}

// ------------------------------------------------------------------------------------------------------- nanodit

constexpr double outputTolerance = 2e-5, eulerTolerance = 5e-5, attentionTolerance = 1e-5;

struct NanoditCase {
    fs::path folder;
    ModelConfig config;
    std::int64_t textTokens = 0;
    TensorMap weights;
};

NanoditCase openNanoditCase(const fs::path& folder)
{
    auto json = readJsonFile(folder / "config.json");
    NanoditCase result{.folder = folder, .config = {}, .textTokens = json.at("text_tokens"), .weights = {}};
    json.erase("text_tokens");
    readJson(json, (folder / "config.json").string(), [&result](FieldVisitor& v) { result.config.visit(v); });
    result.weights = readTensors(folder / "model.safetensors");
    return result;
}

std::unique_ptr<NanoDiT> makeModel(const NanoditCase& golden)
{
    auto model = std::make_unique<NanoDiT>(golden.config);
    loadState(model->parameters(), golden.weights, (golden.folder / "model.safetensors").string());
    return model;
}

/// Inputs of one grid of latents.
struct GridInputs {
    at::Tensor x0, noise, t;
    Conditions conditions;
    GridSize latentTokens;

    at::Tensor xt() const
    {
        const auto u = t.view({-1, 1, 1, 1});
        return (1 - u) * x0 + u * noise;
    }
};

GridInputs readGrid(const NanoditCase& golden, const std::string& grid, const NanoDiT& model)
{
    const auto in = readTensors(golden.folder / (grid + "_inputs.safetensors"));
    const auto& patchGrid = in.at("patch_grid");
    return {.x0 = in.at("x0"),
            .noise = in.at("noise"),
            .t = in.at("t"),
            .conditions = {.cls = in.at("dino"),
                           .patches = in.at("patches"),
                           .patchGrid = {patchGrid[0].item<std::int64_t>(), patchGrid[1].item<std::int64_t>()},
                           .text = in.at("text"),
                           .textMask = in.at("text_mask") > 0.5,
                           .textTokens = golden.textTokens},
            .latentTokens = model.tokenGrid(in.at("x0").size(2), in.at("x0").size(3))};
}

void compareOutputs(Comparison& comparison, const NanoDiT& model, const GridInputs& in)
{
    const at::NoGradGuard noGradient;
    const std::vector<bool> all = {true, true}, none = {}, first = {true, false};
    const std::vector<std::pair<std::string, Drops>> drops = {
        {"v/keep", {none, none}},    {"v/drop_text", {all, none}},    {"v/drop_dino", {none, all}},
        {"v/drop_both", {all, all}}, {"v/mixed_text", {first, none}}, {"v/mixed_dino", {none, first}}};
    for (const auto& [name, drop] : drops)
        comparison.compare(name, model.velocity(in.xt(), in.t, model.context(in.conditions, drop, in.latentTokens)),
                           outputTolerance);
    auto unmasked = in.conditions;
    unmasked.textMask = at::Tensor();
    comparison.compare("v/no_mask", model.velocity(in.xt(), in.t, model.context(unmasked, {}, in.latentTokens)),
                       outputTolerance);
}

void compareAttention(Comparison& comparison, const NanoDiT& model, const GridInputs& in)
{
    const at::NoGradGuard noGradient;
    const auto context = model.context(in.conditions, {}, in.latentTokens);
    const auto batch = in.x0.size(0);
    std::vector<std::int64_t> all(static_cast<std::size_t>(in.latentTokens.count()));
    std::iota(all.begin(), all.end(), 0);
    std::map<std::string, std::vector<at::Tensor>> bySample;
    for (std::int64_t sample = 0; sample < batch; ++sample) {
        AttentionProbe probe(context, sample, in.conditions.patchGrid, in.latentTokens);
        model.velocity(in.xt(), in.t, context, {.checkpointing = false, .observer = &probe});
        for (std::int64_t i = 0; i < probe.blocks(); ++i) {
            const auto block = "block" + std::to_string(i);
            bySample["attention/" + block].push_back(probe.cross(i).probabilities(all));
            bySample["attention_share/" + block].push_back(probe.cross(i).summary()->shares);
        }
    }
    for (const auto& [name, tensors] : bySample) {
        if (comparison.has(name))
            comparison.compare(name, at::stack(tensors), attentionTolerance);
    }
}

/// The biases of keys: their true gradient is 0, what is there is rounding, which Adam amplifies.
at::Tensor withoutKeyBias(const std::string& name, const at::Tensor& value, std::int64_t width)
{
    if (name.ends_with("self_attn.qkv.bias"))
        return at::cat({value.narrow(0, 0, width), value.narrow(0, 2 * width, width)});
    if (name.ends_with("cross_attn.kv.bias"))
        return value.narrow(0, width, width);
    return value;
}

/// Nearly all elements within the first tolerance, every one within the second.
void compareStepped(Comparison& comparison, const std::string& name, const at::Tensor& ours, std::int64_t width)
{
    const auto golden = "after3/" + name;
    if (!comparison.has(golden))
        return comparison.compare(golden, ours, 5e-4);
    const auto difference =
        withoutKeyBias(name, (ours.detach() - comparison.expected(golden)).to(at::kDouble).abs(), width);
    const double worst = difference.max().item<double>();
    const double within = (difference <= 2e-5).to(at::kDouble).mean().item<double>();
    comparison.add({.name = golden,
                    .largestError = worst,
                    .tolerance = 5e-4,
                    .passed = worst <= 5e-4 && (within >= 0.999 || difference.numel() * (1 - within) <= 1.5),
                    .note = within < 1 ? std::to_string(100 * within) + " % within 2e-5" : ""});
}

void compareTraining(Comparison& comparison, const NanoditCase& golden, const GridInputs& in)
{
    const auto model = makeModel(golden);
    const Drops drops{.text = {}, .dino = {true, false}};
    AdamW optimiser(model->parameters(), {.betas = {0.9, 0.95}, .eps = 1e-8, .weightDecay = 0.01});
    for (int step = 0; step < 3; ++step) {
        zeroGradients(model->parameters());
        const auto context = model->context(in.conditions, drops, in.latentTokens);
        const auto loss = flowMatching(*model, in.x0, in.noise, in.t, context);
        loss.mean().backward();
        const double norm = gradientNorm(model->parameters());
        if (step == 0) {
            comparison.compare("loss", loss.mean(), outputTolerance);
            comparison.compare("velocity_norm", loss.velocityNorm(), outputTolerance);
            for (const auto& [name, value] : model->parameters()) {
                const auto key = "grad/" + name;
                const double rms =
                    comparison.has(key) ? comparison.expected(key).square().mean().sqrt().item<double>() : 0;
                comparison.compare(key, value.grad(), 1e-3 * rms + 1e-7);
            }
        }
        const auto prefix = "step" + std::to_string(step);
        comparison.compare(prefix + "/loss", loss.mean(), outputTolerance);
        comparison.compare(prefix + "/grad_norm", norm, 1e-4 * norm);
        clipGradients(model->parameters(), norm, 1.0);
        optimiser.step(1e-3);
    }
    for (const auto& [name, value] : model->parameters())
        compareStepped(comparison, name, value, golden.config.hiddenSize);
}

void compareSampling(Comparison& comparison, const NanoDiT& model, const GridInputs& in)
{
    struct Scales {
        const char* name;
        double text, dino;
    };
    for (const double shift : {1.0, 3.0}) {
        for (const auto& scales :
             {Scales{"text0_dino2", 0, 2}, Scales{"text1_dino1", 1, 1}, Scales{"text3_dino1.5", 3, 1.5}}) {
            const auto name = std::string(shift == 1.0 ? "euler8/" : "euler8_shift3/") + scales.name;
            if (!comparison.has(name))
                continue;
            GuidedVelocity velocity(model, in.conditions, in.latentTokens,
                                    {.textScale = scales.text, .dinoScale = scales.dino}, Compute{});
            const auto sample = solve(
                Solver::Euler, [&](const at::Tensor& x, float t) { return velocity(x, t); }, in.noise,
                flowTimes(8, shift), [](const SolverStep&) { return true; });
            comparison.compare(name, *sample, eulerTolerance);
        }
    }
}

/// A warm start from a checkpoint that lacks tensors, holds unknown ones and some of other shapes: what fits is loaded
/// to the last bit, everything else is reported by name.
void compareWarmStart(std::vector<GoldenLine>& lines, const NanoditCase& golden)
{
    const auto file = golden.folder / "model_before_patches.pt";
    const auto stored = readWeights(file);
    NanoDiT model(golden.config, 1);
    const auto initial = copyOf(model.parameters());
    const auto report = warmStart(model.parameters(), stored, {}, file.string());
    const auto line = [&lines](const std::string& name, bool passed, const std::string& note) {
        lines.push_back(
            {.name = "warm_start/" + name, .largestError = 0, .tolerance = 0, .passed = passed, .note = note});
    };
    std::vector<std::string> wanted, fresh, skipped, mismatched;
    for (const auto& [name, value] : model.parameters()) {
        const auto found = stored.find(name);
        (found == stored.end() ? fresh : found->second.sizes() == value.sizes() ? wanted : mismatched).push_back(name);
        const auto& expected =
            found != stored.end() && found->second.sizes() == value.sizes() ? found->second : initial.at(name);
        if (!at::equal(value, expected))
            line(name, false, "differs from the file (or from its initial value)");
    }
    for (const auto& [name, tensor] : stored) {
        if (!golden.weights.contains(name))
            skipped.push_back(name);
    }
    std::vector<std::string> reported;
    for (const auto& mismatch : report.mismatched)
        reported.push_back(mismatch.name);
    line("loaded", report.loaded == wanted && !wanted.empty(), std::to_string(report.loaded.size()) + " tensors");
    line("new", report.fresh == fresh && !fresh.empty(), std::to_string(report.fresh.size()) + " tensors");
    line("skipped", report.skipped == skipped && !skipped.empty(), std::to_string(report.skipped.size()) + " tensors");
    line("mismatched", reported == mismatched && !mismatched.empty(), std::to_string(reported.size()) + " tensors");
}

std::vector<GoldenLine> runNanodit(const fs::path& folder)
{
    const auto golden = openNanoditCase(folder);
    const auto model = makeModel(golden);
    std::vector<GoldenLine> lines;
    for (int i = 0; fs::exists(folder / ("grid" + std::to_string(i) + "_inputs.safetensors")); ++i) {
        const auto grid = "grid" + std::to_string(i);
        Comparison comparison(readTensors(folder / (grid + "_outputs.safetensors")));
        const auto in = readGrid(golden, grid, *model);
        compareOutputs(comparison, *model, in);
        if (comparison.has("attention/block0"))
            compareAttention(comparison, *model, in);
        if (comparison.has("loss"))
            compareTraining(comparison, golden, in);
        compareSampling(comparison, *model, in);
        for (auto& line : comparison.take()) {
            line.name = grid + "/" + line.name;
            lines.push_back(std::move(line));
        }
    }
    if (fs::exists(folder / "model.pt")) {
        const auto stored = readWeights(folder / "model.pt");
        for (const auto& [name, value] : golden.weights) {
            const auto found = stored.find(name);
            lines.push_back(
                compareTensors("model.pt/" + name, found == stored.end() ? at::Tensor() : found->second, value, 0));
        }
    }
    if (fs::exists(folder / "model_before_patches.pt"))
        compareWarmStart(lines, golden);
    return lines;
}

// ----------------------------------------------------------------------------------------------------- adamw_ema

std::vector<GoldenLine> runAdamw(const fs::path& folder)
{
    constexpr double tolerance = 2e-6;
    const auto description = readJsonFile(folder / "case.json");
    const auto inputs = readTensors(folder / "inputs.safetensors");
    Comparison comparison(readTensors(folder / "outputs.safetensors"));

    Parameters parameters;
    for (const auto* name : {"0.weight", "0.bias", "2.weight", "2.bias"})
        parameters.push_back({name, inputs.at(std::string("init.") + name).clone().set_requires_grad(true)});
    AdamW optimiser(parameters, {.betas = description.at("betas"),
                                 .eps = description.at("eps"),
                                 .weightDecay = description.at("weight_decay")});
    Ema ema(parameters, description.at("ema"));
    const ScheduleConfig schedule{
        .steps = description.at("total"), .warmupSteps = description.at("warmup"), .decay = Decay::Cosine};
    const double peak = description.at("lr");

    std::vector<double> rates;
    for (int step = 0; step < description.at("steps").get<int>(); ++step) {
        const auto key = [step](const std::string& kind, const std::string& name = "") {
            return "step" + std::to_string(step) + "." + kind + (name.empty() ? "" : "." + name);
        };
        zeroGradients(parameters);
        const auto hidden =
            at::gelu(at::linear(inputs.at("x." + std::to_string(step)), parameters[0].value, parameters[1].value));
        const auto out = at::linear(hidden, parameters[2].value, parameters[3].value);
        const auto loss = at::mse_loss(out, inputs.at("y." + std::to_string(step)));
        loss.backward();
        comparison.compare(key("loss"), loss, tolerance * std::max(1.0, loss.item<double>()));
        const double norm = gradientNorm(parameters);
        comparison.compare(key("grad_norm"), norm, tolerance * std::max(1.0, norm));
        clipGradients(parameters, norm, description.at("clip"));
        for (const auto& [name, value] : parameters)
            comparison.compare(key("grad_clipped", name), value.grad(), tolerance);
        rates.push_back(learningRate(schedule, peak, step));
        optimiser.step(rates.back());
        ema.update();
        const auto state = optimiser.state(), averages = ema.state();
        for (const auto& [name, value] : parameters) {
            comparison.compare(key("param", name), value, tolerance);
            comparison.compare(key("exp_avg", name), state.at(name + ".exp_avg"), tolerance);
            comparison.compare(key("exp_avg_sq", name), state.at(name + ".exp_avg_sq"), tolerance);
            comparison.compare(key("ema", name), averages.at(name), tolerance);
        }
    }
    comparison.compare("lr", at::tensor(rates, at::kDouble), 1e-12);
    std::vector<double> table;
    for (std::int64_t step = 0; comparison.has("lr_table") && step < comparison.expected("lr_table").size(0); ++step)
        table.push_back(learningRate(schedule, peak, step));
    comparison.compare("lr_table", at::tensor(table, at::kDouble), 1e-12);
    return comparison.take();
}

} // namespace

std::map<std::string, GoldenRunner> modelGoldenRunners()
{
    return {{"nanodit", runNanodit}, {"adamw_ema", runAdamw}};
}

} // namespace nanodit
