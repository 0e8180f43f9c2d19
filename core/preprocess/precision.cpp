#include "core/preprocess/precision.h"

#include "core/io/atomic_file.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace nanodit {

namespace {

std::filesystem::path decisionFile(const Workspace& workspace)
{
    return workspace.root / "data" / "precision.json";
}

/// What was decided; empty before that, or when the file is not as it was written.
std::string decision(const Workspace& workspace)
{
    const auto file = decisionFile(workspace);
    if (!std::filesystem::exists(file))
        return {};
    const auto json = nlohmann::json::parse(readTextFile(file), nullptr, false);
    const auto products = json.is_object() ? json.value("products", std::string()) : std::string();
    if (products != "bf16" && products != "float32")
        throw DataError(file.string() +
                        " should say \"products\": \"bf16\" or \"float32\": remove it to measure again");
    return products;
}

double milliseconds(double seconds)
{
    return std::round(seconds * 1e6) / 1e3;
}

/// Seconds that a layer of a usual size takes, the fastest of several tries: [512, 1024] x [1024, 4096].
struct ProductTimes {
    double float32 = 0, bf16 = 0;
    /// By a margin that other programs on the machine do not make by chance.
    bool bf16IsFaster() const { return bf16 * 1.25 < float32; }
};

ProductTimes measureProducts(at::Device device)
{
    constexpr int tries = 5;
    const at::NoGradGuard noGrad;
    const auto x = at::ones({512, 1024}, at::TensorOptions(at::kFloat).device(device));
    const auto weight = at::ones({4096, 1024}, at::TensorOptions(at::kFloat).device(device));
    const auto narrow = weight.to(at::kBFloat16);
    const auto seconds = [](auto&& work) {
        const auto start = std::chrono::steady_clock::now();
        work().flatten()[0].template item<float>(); // waits for a device that works beside us
        return secondsSince(start);
    };
    ProductTimes times{.float32 = std::numeric_limits<double>::infinity(),
                       .bf16 = std::numeric_limits<double>::infinity()};
    for (int i = 0; i < tries; ++i) { // by turns, so that both meet the same disturbances
        times.float32 = std::min(times.float32, seconds([&] { return at::linear(x, weight); }));
        times.bf16 =
            std::min(times.bf16, seconds([&] { return at::linear(x.to(at::kBFloat16), narrow).to(at::kFloat); }));
    }
    return times;
}

} // namespace

bool productsInBf16(const Workspace& workspace)
{
    return decision(workspace) == "bf16";
}

void decidePrecision(const Workspace& workspace, PassPrecision wanted, at::Device device, const JobContext& context)
{
    const auto before = decision(workspace);
    if (wanted == PassPrecision::Auto && !before.empty())
        return;
    nlohmann::json json = {{"products", wanted == PassPrecision::Bf16 ? "bf16" : "float32"}};
    std::string why;
    if (wanted == PassPrecision::Auto) {
        const auto times = measureProducts(device);
        json = {{"products", times.bf16IsFaster() ? "bf16" : "float32"},
                {"float32_ms", milliseconds(times.float32)},
                {"bf16_ms", milliseconds(times.bf16)}};
        why = ": a layer takes " + json.at("float32_ms").dump() + " ms in float32, " + json.at("bf16_ms").dump() +
              " ms in bf16";
    } else if (json.at("products") == (before.empty() ? "float32" : before)) {
        return;
    }
    std::error_code error;
    std::filesystem::create_directories(decisionFile(workspace).parent_path(), error);
    writeFileAtomically(decisionFile(workspace), json.dump(1) + "\n");
    context.info("matrix products of T5 and the ViT are computed in " + json.at("products").get<std::string>() +
                 " from now on" + why);
}

} // namespace nanodit
