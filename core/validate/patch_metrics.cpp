#include "core/validate/patch_metrics.h"

#include "core/inspect/unit_rows.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

#include <cmath>

namespace nanodit {

namespace {

void requireSameShape(const at::Tensor& a, const at::Tensor& b)
{
    if (a.dim() != 2 || a.sizes() != b.sizes() || a.numel() == 0)
        throw UsageError("patch features to compare must have the same shape [N, D], but they have " +
                         c10::str(a.sizes()) + " and " + c10::str(b.sizes()));
}

/// Of samples [n, D], divided by n - 1.
at::Tensor covariance(const at::Tensor& samples)
{
    const auto centred = samples - samples.mean(0, true);
    return at::mm(centred.t(), centred) / static_cast<double>(samples.size(0) - 1);
}

/// Of a symmetric matrix without negative eigenvalues but for rounding.
at::Tensor squareRoot(const at::Tensor& matrix)
{
    const auto [values, vectors] = at::linalg_eigh(matrix);
    return at::mm(vectors * values.clamp_min(0).sqrt(), vectors.t());
}

} // namespace

double patchCosineDistance(const at::Tensor& a, const at::Tensor& b)
{
    requireSameShape(a, b);
    return 1 - (unitRows(a) * unitRows(b)).sum(1).mean().item<double>();
}

PatchCorrespondence patchCorrespondence(const at::Tensor& a, const at::Tensor& b, GridSize grid)
{
    requireSameShape(a, b);
    if (a.size(0) != grid.rows * grid.cols)
        throw UsageError(std::to_string(a.size(0)) + " patches are not a grid of " + std::to_string(grid.rows) + " x " +
                         std::to_string(grid.cols));
    const auto similarity = at::mm(unitRows(a), unitRows(b).t());
    const auto forth = similarity.argmax(1).to(at::kCPU).contiguous(),
               back = similarity.argmax(0).to(at::kCPU).contiguous();
    const auto* const nearest = forth.data_ptr<std::int64_t>();
    const auto* const returned = back.data_ptr<std::int64_t>();
    std::int64_t pairs = 0;
    double distance = 0;
    for (std::int64_t i = 0; i < a.size(0); ++i) {
        const auto j = nearest[i];
        if (returned[j] != i)
            continue;
        ++pairs;
        distance += std::hypot(double(i / grid.cols - j / grid.cols), double(i % grid.cols - j % grid.cols));
    }
    return {.matched = static_cast<double>(pairs) / static_cast<double>(a.size(0)),
            .displacement = pairs == 0 ? 0 : distance / static_cast<double>(pairs)};
}

double frechetDistance(const at::Tensor& a, const at::Tensor& b)
{
    if (a.dim() != 2 || b.dim() != 2 || a.size(1) != b.size(1) || a.size(0) < 2 || b.size(0) < 2)
        throw UsageError(
            "the Fréchet distance needs two sets of features [n, D] with two samples or more each, but got " +
            c10::str(a.sizes()) + " and " + c10::str(b.sizes()));
    const auto x = a.to(at::kDouble), y = b.to(at::kDouble);
    const auto covarianceX = covariance(x), covarianceY = covariance(y);
    const auto root = squareRoot(covarianceX);
    // (A B)^(1/2) has the eigenvalues of (A^(1/2) B A^(1/2))^(1/2), which is symmetric.
    const auto product = std::get<0>(at::linalg_eigh(at::mm(at::mm(root, covarianceY), root)));
    const double traces = (covarianceX.trace() + covarianceY.trace()).item<double>();
    const double means = (x.mean(0) - y.mean(0)).square().sum().item<double>();
    return means + traces - 2 * product.clamp_min(0).sqrt().sum().item<double>();
}

} // namespace nanodit
