#pragma once

#include "core/golden/compare.h"

namespace nanodit {

/// What a case expects of a model or an optimiser, and the lines of what was compared with it so far.
class CaseComparison {
public:
    CaseComparison(CaseTensors expected, const Compute& compute);

    const Compute& compute() const { return compute_; }

    bool has(const std::string& name) const { return expected_.has(name); }
    /// Whether the case has an output whose name begins so.
    bool hasAny(const std::string& prefix) const;
    const at::Tensor& expected(const std::string& name) const { return expected_.at(name); }
    const TensorMap& all() const { return expected_.all(); }

    /// Adds the line of compareTensors(), a number as a tensor of one; one that fails where the case has no such
    /// output.
    void compare(const std::string& name, const at::Tensor& ours, double tolerance);
    void compare(const std::string& name, double ours, double tolerance);
    void add(GoldenLine line) { lines_.push_back(std::move(line)); }
    std::vector<GoldenLine> take() { return std::move(lines_); }

private:
    CaseTensors expected_;
    Compute compute_;
    std::vector<GoldenLine> lines_;
};

} // namespace nanodit
