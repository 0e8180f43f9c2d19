#include "core/golden/case_comparison.h"
#include "core/runtime/error.h"
#include "core/train/optimiser.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Linear layers with an exact GELU between them.
struct LinearNet {
    Parameters parameters; ///< "LAYER.weight" and "LAYER.bias", layer by layer.

    at::Tensor forward(at::Tensor x) const
    {
        for (std::size_t i = 0; i + 1 < parameters.size(); i += 2) {
            x = at::linear(i == 0 ? x : at::gelu(x), parameters[i].value, parameters[i + 1].value);
        }
        return x;
    }
};

/// The net whose first weights a case gives as "init.LAYER.weight" and "init.LAYER.bias", its layers in the order of
/// their numbers.
LinearNet netOf(const CaseTensors& inputs, const fs::path& folder)
{
    const std::string prefix = "init.", ending = ".weight";
    std::vector<std::string> layers;
    for (const auto& [name, tensor] : inputs.all()) {
        if (name.starts_with(prefix) && name.ends_with(ending) && name.size() > prefix.size() + ending.size())
            layers.push_back(name.substr(prefix.size(), name.size() - prefix.size() - ending.size()));
    }
    if (layers.empty())
        throw DataError((folder / "inputs.safetensors").string() +
                        " holds no layer: expected are tensors init.LAYER.weight and init.LAYER.bias");
    std::ranges::stable_sort(layers, {}, [](const std::string& layer) { return std::pair(layer.size(), layer); });
    LinearNet net;
    for (const auto& layer : layers) {
        for (const auto* const kind : {".weight", ".bias"})
            net.parameters.push_back({layer + kind, inputs.at(prefix + layer + kind).clone().set_requires_grad(true)});
    }
    return net;
}

std::array<double, 2> betasOf(const JsonFields& description)
{
    const auto& betas = description.json()["betas"];
    if (!betas.is_array() || betas.size() != 2 || !betas[0].is_number() || !betas[1].is_number())
        throw DataError(description.source() + " has \"betas\": " + betas.dump() + ", where two numbers were expected");
    return {betas[0].get<double>(), betas[1].get<double>()};
}

std::vector<GoldenLine> runAdamw(const fs::path& folder, const Compute& compute)
{
    constexpr double tolerance = 2e-6;
    const auto description = readCaseJson(folder / "case.json");
    description.require({"betas", "eps", "weight_decay", "ema", "total", "warmup", "lr", "steps", "clip"});
    const CaseTensors inputs(folder / "inputs.safetensors", compute.device);
    CaseComparison comparison(CaseTensors(folder / "outputs.safetensors"), compute);

    const auto net = netOf(inputs, folder);
    const auto& parameters = net.parameters;
    AdamW optimiser(parameters, {.betas = betasOf(description),
                                 .eps = description.number("eps", 0),
                                 .weightDecay = description.number("weight_decay", 0)});
    Ema ema(parameters, description.number("ema", 0));
    const ScheduleConfig schedule{.steps = description.integer("total", 0),
                                  .warmupSteps = description.integer("warmup", 0),
                                  .decay = Decay::Cosine};
    const double peak = description.number("lr", 0);

    std::vector<double> rates;
    for (std::int64_t step = 0; step < description.count("steps", 1); ++step) {
        const auto key = [step](const std::string& kind, const std::string& name = "") {
            return "step" + std::to_string(step) + "." + kind + (name.empty() ? "" : "." + name);
        };
        zeroGradients(parameters);
        const auto out = net.forward(inputs.at("x." + std::to_string(step)));
        const auto loss = (out - inputs.at("y." + std::to_string(step))).square().mean();
        loss.backward();
        comparison.compare(key("loss"), loss, tolerance * std::max(1.0, loss.item<double>()));
        const double norm = gradientNorm(parameters);
        comparison.compare(key("grad_norm"), norm, tolerance * std::max(1.0, norm));
        clipGradients(parameters, norm, description.number("clip", 0));
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
    if (!table.empty())
        comparison.compare("lr_table", at::tensor(table, at::kDouble), 1e-12);
    return comparison.take();
}

} // namespace

std::map<std::string, GoldenRunner> optimiserGoldenRunners()
{
    return {{"adamw_ema", runAdamw}};
}

} // namespace nanodit
