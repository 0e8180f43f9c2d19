#include "core/config/json.h"
#include "core/golden/case_comparison.h"
#include "core/inspect/attention_probe.h"
#include "core/io/tensor.h"
#include "core/model/autocast.h"
#include "core/model/nanodit.h"
#include "core/model/stored_weights.h"
#include "core/runtime/error.h"
#include "core/sample/guidance.h"
#include "core/sample/solver.h"
#include "core/train/flow_matching.h"
#include "core/train/optimiser.h"
#include "core/train/warm_start.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <regex>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

TensorMap copyOf(const Parameters& parameters)
{
    TensorMap copy;
    for (const auto& [name, value] : parameters)
        copy.emplace(name, value.detach().clone());
    return copy;
}

constexpr double outputTolerance = 2e-5, eulerTolerance = 5e-5, attentionTolerance = 1e-5;

struct NanoditCase {
    fs::path folder;
    ModelConfig config;
    std::int64_t textTokens = 0;
    TensorMap weights;
};

NanoditCase openNanoditCase(const fs::path& folder)
{
    const auto fields = readCaseJson(folder / "config.json");
    fields.require({"text_tokens"});
    NanoditCase result{.folder = folder, .config = {}, .textTokens = fields.count("text_tokens", 0), .weights = {}};
    auto json = fields.json();
    json.erase("text_tokens");
    readJson(json, fields.source(), [&result](FieldVisitor& v) { result.config.visit(v); });
    result.weights = readTensors(folder / "model.safetensors");
    return result;
}

std::unique_ptr<NanoDiT> makeModel(const NanoditCase& golden, at::Device device)
{
    auto model = std::make_unique<NanoDiT>(golden.config, 0, device);
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

GridInputs readGrid(const NanoditCase& golden, const std::string& grid, const NanoDiT& model, at::Device device)
{
    const auto file = golden.folder / (grid + "_inputs.safetensors");
    const CaseTensors in(file, device);
    const auto& patchGrid = in.at("patch_grid");
    if (patchGrid.numel() != 2 || in.at("x0").dim() != 4)
        throw DataError(file.string() +
                        " needs a patch_grid of two numbers, rows and columns, and an x0 [B, 16, H, W]");
    return {.x0 = in.at("x0"),
            .noise = in.at("noise"),
            .t = in.at("t"),
            .conditions = {.cls = in.at("dino"),
                           .patches = in.at("patches"),
                           .patchGrid = {patchGrid.flatten()[0].item<std::int64_t>(),
                                         patchGrid.flatten()[1].item<std::int64_t>()},
                           .text = in.at("text"),
                           .textMask = in.at("text_mask") > 0.5,
                           .textTokens = golden.textTokens},
            .latentTokens = model.tokenGrid(in.at("x0").size(2), in.at("x0").size(3))};
}

/// The first sample of the batch alone.
std::vector<bool> firstOf(const GridInputs& in)
{
    std::vector<bool> first(static_cast<std::size_t>(in.x0.size(0)));
    if (!first.empty())
        first[0] = true;
    return first;
}

void compareOutputs(CaseComparison& comparison, const NanoDiT& model, const GridInputs& in)
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(comparison.compute().precision);
    const std::vector<bool> all(static_cast<std::size_t>(in.x0.size(0)), true), none, first = firstOf(in);
    const std::vector<std::pair<std::string, Drops>> drops = {
        {"v/keep", {none, none}},    {"v/drop_text", {all, none}},    {"v/drop_dino", {none, all}},
        {"v/drop_both", {all, all}}, {"v/mixed_text", {first, none}}, {"v/mixed_dino", {none, first}}};
    for (const auto& [name, drop] : drops) {
        if (comparison.has(name))
            comparison.compare(name, model.velocity(in.xt(), in.t, model.context(in.conditions, drop, in.latentTokens)),
                               outputTolerance);
    }
    if (!comparison.has("v/no_mask"))
        return;
    auto unmasked = in.conditions;
    unmasked.textMask = at::Tensor();
    comparison.compare("v/no_mask", model.velocity(in.xt(), in.t, model.context(unmasked, {}, in.latentTokens)),
                       outputTolerance);
}

void compareAttention(CaseComparison& comparison, const NanoDiT& model, const GridInputs& in)
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(comparison.compute().precision);
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
void compareStepped(CaseComparison& comparison, const std::string& prefix, const std::string& name,
                    const at::Tensor& ours, std::int64_t width)
{
    const auto golden = prefix + name;
    if (!comparison.has(golden))
        return comparison.compare(golden, ours, 5e-4);
    const auto difference =
        withoutKeyBias(name, (ours.detach().cpu() - comparison.expected(golden)).to(at::kDouble).abs(), width);
    const double worst = difference.max().item<double>();
    const double within = (difference <= 2e-5).to(at::kDouble).mean().item<double>();
    comparison.add({.name = golden,
                    .largestError = worst,
                    .tolerance = 5e-4,
                    .passed = worst <= 5e-4 && (within >= 0.999 || difference.numel() * (1 - within) <= 1.5),
                    .note = within < 1 ? std::to_string(100 * within) + " % within 2e-5" : ""});
}

/// Elsewhere the tensors of all parameters make one vector: rounding turns the smallest gradients, and with them the
/// first steps of Adam, which go by their signs.
void compareTogether(CaseComparison& comparison, const std::string& prefix, const Parameters& parameters,
                     std::int64_t width, const std::function<at::Tensor(const Parameter&)>& of)
{
    std::vector<at::Tensor> ours, expected;
    for (const auto& parameter : parameters) {
        const auto& name = parameter.name;
        if (!comparison.has(prefix + name)) {
            comparison.compare(prefix + name, of(parameter), 0); // which says so
            continue;
        }
        ours.push_back(withoutKeyBias(name, of(parameter).detach().cpu(), width).flatten());
        expected.push_back(withoutKeyBias(name, comparison.expected(prefix + name), width).flatten());
    }
    if (ours.empty())
        return;
    constexpr double absolute = 1e-7;
    comparison.add(compareTensors(prefix + "all", at::cat(ours), at::cat(expected), absolute, comparison.compute()));
}

void compareGradients(CaseComparison& comparison, const Parameters& parameters, std::int64_t width)
{
    const std::string prefix = "grad/";
    if (isElsewhere(comparison.compute()))
        return compareTogether(comparison, prefix, parameters, width,
                               [](const Parameter& parameter) { return parameter.value.grad(); });
    for (const auto& [name, value] : parameters) {
        const auto key = prefix + name;
        const double rms = comparison.has(key) ? comparison.expected(key).square().mean().sqrt().item<double>() : 0;
        comparison.compare(key, value.grad(), 1e-3 * rms + 1e-7);
    }
}

/// Optimiser steps that a case describes: those of its "stepK/..." and "afterK/..." outputs, at least one.
int stepsOf(const CaseComparison& comparison)
{
    constexpr int most = 100;
    int steps = 1;
    for (int step = 1; step <= most; ++step) {
        if (comparison.hasAny("step" + std::to_string(step - 1) + "/") ||
            comparison.hasAny("after" + std::to_string(step) + "/"))
            steps = step;
    }
    return steps;
}

void compareTraining(CaseComparison& comparison, const NanoditCase& golden, const GridInputs& in)
{
    const auto& compute = comparison.compute();
    const auto model = makeModel(golden, compute.device);
    const Drops drops{.text = {}, .dino = firstOf(in)};
    const auto steps = stepsOf(comparison);
    AdamW optimiser(model->parameters(), {.betas = {0.9, 0.95}, .eps = 1e-8, .weightDecay = 0.01});
    for (int step = 0; step < steps; ++step) {
        zeroGradients(model->parameters());
        const auto loss = [&] {
            const AutocastScope autocast(compute.precision);
            return flowMatching(*model, in.x0, in.noise, in.t, model->context(in.conditions, drops, in.latentTokens));
        }();
        loss.mean().backward();
        const double norm = gradientNorm(model->parameters());
        if (step == 0) {
            comparison.compare("loss", loss.mean(), outputTolerance);
            if (comparison.has("velocity_norm"))
                comparison.compare("velocity_norm", loss.velocityNorm(), outputTolerance);
            if (comparison.hasAny("grad/"))
                compareGradients(comparison, model->parameters(), golden.config.hiddenSize);
        }
        const auto prefix = "step" + std::to_string(step);
        if (comparison.has(prefix + "/loss"))
            comparison.compare(prefix + "/loss", loss.mean(), outputTolerance);
        if (comparison.has(prefix + "/grad_norm"))
            comparison.compare(prefix + "/grad_norm", norm, 1e-4 * norm);
        clipGradients(model->parameters(), norm, 1.0);
        optimiser.step(1e-3);
    }
    const auto after = "after" + std::to_string(steps) + "/";
    if (!comparison.hasAny(after))
        return;
    if (isElsewhere(compute))
        return compareTogether(comparison, after, model->parameters(), golden.config.hiddenSize,
                               [](const Parameter& parameter) { return parameter.value; });
    for (const auto& [name, value] : model->parameters())
        compareStepped(comparison, after, name, value, golden.config.hiddenSize);
}

void compareSampling(CaseComparison& comparison, const NanoDiT& model, const GridInputs& in)
{
    // Guidance multiplies what bf16 rounds in each branch, step by step: the outputs above say whether it computes.
    if (comparison.compute().precision == Precision::Bf16)
        return;
    static const std::regex pattern("euler([0-9]{1,4})(_shift([0-9.]{1,9}))?/text([-0-9.]{1,9})_dino([-0-9.]{1,9})");
    const auto number = [](const std::ssub_match& text) {
        double value = std::numeric_limits<double>::quiet_NaN();
        std::from_chars(&*text.first, &*text.first + text.length(), value);
        return value;
    };
    for (const auto& [name, expected] : comparison.all()) {
        std::smatch parts; // steps, timestep shift, guidance scales
        if (!std::regex_match(name, parts, pattern))
            continue;
        GuidedVelocity velocity(model, in.conditions, {}, in.latentTokens,
                                {.textScale = number(parts[4]), .dinoScale = number(parts[5])}, comparison.compute());
        const auto sample = solve(
            Solver::Euler, [&](const at::Tensor& x, float t) { return velocity(x, t); }, in.noise,
            flowTimes(static_cast<std::int64_t>(number(parts[1])), parts[3].matched ? number(parts[3]) : 1.0),
            [](const SolverStep&) { return true; });
        comparison.compare(name, *sample, eulerTolerance);
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
    line("new", report.fresh == fresh, std::to_string(report.fresh.size()) + " tensors");
    line("skipped", report.skipped == skipped, std::to_string(report.skipped.size()) + " tensors");
    line("mismatched", reported == mismatched, std::to_string(reported.size()) + " tensors");
}

/// What a case calls its grids of latents: NAME of each NAME_inputs.safetensors.
std::vector<std::string> gridsOf(const fs::path& folder)
{
    constexpr std::string_view ending = "_inputs.safetensors";
    std::vector<std::string> grids;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
        const auto name = entry.path().filename().string();
        if (name.ends_with(ending))
            grids.push_back(name.substr(0, name.size() - ending.size()));
    }
    if (grids.empty())
        throw DataError(folder.string() +
                        " holds no inputs: expected is a file NAME_inputs.safetensors for each grid of "
                        "latents, with NAME_outputs.safetensors");
    std::sort(grids.begin(), grids.end());
    return grids;
}

std::vector<GoldenLine> runNanodit(const fs::path& folder, const Compute& compute)
{
    const auto golden = openNanoditCase(folder);
    const auto model = makeModel(golden, compute.device);
    std::vector<GoldenLine> lines;
    for (const auto& grid : gridsOf(folder)) {
        CaseComparison comparison(CaseTensors(folder / (grid + "_outputs.safetensors")), compute);
        const auto in = readGrid(golden, grid, *model, compute.device);
        compareOutputs(comparison, *model, in);
        if (comparison.hasAny("attention"))
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
            lines.push_back(compareTensors("model.pt/" + name, found == stored.end() ? at::Tensor() : found->second,
                                           value, 0, compute));
        }
    }
    if (fs::exists(folder / "model_before_patches.pt"))
        compareWarmStart(lines, golden);
    return lines;
}

} // namespace

std::map<std::string, GoldenRunner> modelGoldenRunners()
{
    return {{"nanodit", runNanodit}};
}

} // namespace nanodit
