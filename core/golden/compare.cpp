#include "core/golden/compare.h"

#include "core/golden/agreement.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace nanodit {

CaseTensors::CaseTensors(std::filesystem::path file, at::Device device)
    : file_(std::move(file))
    , tensors_(readTensors(file_))
{
    for (auto& [name, tensor] : tensors_)
        tensor = tensor.to(device);
}

const at::Tensor& CaseTensors::at(const std::string& name) const
{
    const auto found = tensors_.find(name);
    if (found == tensors_.end())
        throw DataError(file_.string() + " lacks the tensor " + name);
    return found->second;
}

JsonFields readCaseJson(const std::filesystem::path& file)
{
    auto json = nlohmann::json::parse(readTextFile(file), nullptr, false);
    if (!json.is_object())
        throw DataError(file.string() + " is not a JSON object: copy the golden case again");
    return {std::move(json), file.string()};
}

bool isElsewhere(const Compute& compute)
{
    return !compute.device.is_cpu() || compute.precision != Precision::Float32;
}

GoldenLine compareTensors(const std::string& name, const at::Tensor& ours, const at::Tensor& expected, double tolerance,
                          const Compute& compute)
{
    GoldenLine line{
        .name = name, .largestError = std::numeric_limits<double>::quiet_NaN(), .tolerance = tolerance, .note = {}};
    if (!ours.defined()) {
        line.note = "not produced";
    } else if (ours.sizes() != expected.sizes()) {
        line.note = "shape " + shapeText(ours.sizes()) + ", expected " + shapeText(expected.sizes());
    } else if (expected.numel() == 0) {
        line.largestError = 0;
        line.passed = true;
    } else {
        const auto difference = ours.detach().to(at::kCPU, at::kDouble) - expected.to(at::kDouble);
        line.largestError = difference.abs().max().item<double>();
        line.passed = line.largestError <= tolerance;
        if (!line.passed && tolerance > 0 && isElsewhere(compute)) {
            line.largestError = relativeDifference(ours, expected);
            line.tolerance =
                relativeTolerance(compute.precision == Precision::Bf16 ? Products::Bf16 : Products::Float32);
            line.passed = line.largestError <= line.tolerance;
        }
        if (std::isnan(line.largestError))
            line.note = "not a number";
    }
    return line;
}

std::vector<GoldenLine> compareAll(const TensorMap& ours, const TensorMap& expected,
                                   const std::function<double(const std::string& name)>& tolerance,
                                   const Compute& compute)
{
    std::vector<GoldenLine> lines;
    for (const auto& [name, tensor] : expected) {
        const auto found = ours.find(name);
        lines.push_back(
            compareTensors(name, found == ours.end() ? at::Tensor() : found->second, tensor, tolerance(name), compute));
    }
    return lines;
}

} // namespace nanodit
