#include "core/golden/case_comparison.h"

#include <ATen/ATen.h>

#include <limits>
#include <utility>

namespace nanodit {

CaseComparison::CaseComparison(CaseTensors expected, const Compute& compute)
    : expected_(std::move(expected))
    , compute_(compute)
{
}

bool CaseComparison::hasAny(const std::string& prefix) const
{
    const auto found = expected_.all().lower_bound(prefix);
    return found != expected_.all().end() && found->first.starts_with(prefix);
}

void CaseComparison::compare(const std::string& name, const at::Tensor& ours, double tolerance)
{
    if (!expected_.has(name))
        lines_.push_back({.name = name,
                          .largestError = std::numeric_limits<double>::quiet_NaN(),
                          .tolerance = tolerance,
                          .passed = false,
                          .note = "the case has no such output"});
    else
        lines_.push_back(compareTensors(name, ours.dim() == 0 ? ours.detach().view({1}) : ours.detach(),
                                        expected_.at(name), tolerance, compute_));
}

void CaseComparison::compare(const std::string& name, double ours, double tolerance)
{
    compare(name, at::full({1}, ours, at::kDouble), tolerance);
}

} // namespace nanodit
