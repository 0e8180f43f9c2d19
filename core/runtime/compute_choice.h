#pragma once

#include <optional>
#include <string>

namespace nanodit {

/// Arithmetic of matrix products; weights and all that is kept between steps are float32 either way.
enum class Precision { Float32, Bf16 };

std::string nameOf(Precision precision);              ///< "float32", "bf16"
Precision precisionFromName(const std::string& name); ///< Throws UsageError.

/// How a run's configuration wants to be computed.
struct Arithmetic {
    Precision precision = Precision::Float32;
    bool tf32 = true; ///< A GPU may round the factors of float32 products to TensorFloat-32.
};

/// What computes, as a person asks for it: on the command line, in the window, in a request. makeCompute() turns it
/// into a device that is there.
struct ComputeChoice {
    std::string device = "auto"; ///< "auto": the first GPU that can be used, else the CPU; "cpu", "cuda" or "cuda:N".
    std::optional<Precision> precision = {}; ///< Empty: that of the run's configuration.
    int threads = 0;                         ///< Of the CPU; 0: as many as cores.
};

/// Throws UsageError for a device that is no name of one, or a number of threads that is none. Looks at no device.
void checkSpelling(const ComputeChoice& choice);

/// The CPU's threads: as many as the choice says, or as cores.
int threadsOf(const ComputeChoice& choice);

} // namespace nanodit
