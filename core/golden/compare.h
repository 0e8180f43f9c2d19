#pragma once

#include "core/encoders/json_fields.h"
#include "core/golden/golden.h"
#include "core/io/tensor.h"
#include "core/runtime/compute.h"

namespace nanodit {

/// The tensors of a case's file.
class CaseTensors {
public:
    /// Reads them to `device`. Throws DataError when the file is missing or damaged.
    explicit CaseTensors(std::filesystem::path file, at::Device device = at::kCPU);

    bool has(const std::string& name) const { return tensors_.contains(name); }
    /// Throws DataError naming the file and the tensor when it is not there.
    const at::Tensor& at(const std::string& name) const;
    const TensorMap& all() const { return tensors_; }

private:
    std::filesystem::path file_;
    TensorMap tensors_;
};

/// A JSON object of a case. Throws DataError when the file is missing or holds something else.
JsonFields readCaseJson(const std::filesystem::path& file);

/// Whether something is computed elsewhere or otherwise than on the CPU in float32, where the cases were made.
bool isElsewhere(const Compute& compute);

/// Largest |ours - expected| against an absolute tolerance. Elsewhere, where that is not met and is not 0, which stands
/// for exactly, relativeDifference() against the tolerance of `compute`'s products (core/golden/agreement.h). NaN,
/// another shape or an undefined tensor fails, with a note.
GoldenLine compareTensors(const std::string& name, const at::Tensor& ours, const at::Tensor& expected, double tolerance,
                          const Compute& compute);

/// One line for each expected tensor: those that `ours` lacks fail.
std::vector<GoldenLine> compareAll(const TensorMap& ours, const TensorMap& expected,
                                   const std::function<double(const std::string& name)>& tolerance,
                                   const Compute& compute);

} // namespace nanodit
