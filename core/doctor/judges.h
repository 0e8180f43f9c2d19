#pragma once

/// The parts of judge(), each for one thing that a person may have to fix, and what they share.

#include "core/doctor/judgement.h"

#include <utility>

namespace nanodit {

/// Findings in the order in which they are made.
class Findings {
public:
    void add(std::string area, Health health, std::string text, std::vector<std::string> remedies = {},
             std::optional<Remedy> remedy = {});
    std::vector<Finding> take() { return std::move(findings_); }

private:
    std::vector<Finding> findings_;
};

void judgeMachine(const DoctorFacts& facts, Findings& findings);   ///< Cores, memory, disk.
void judgeLibraries(const DoctorFacts& facts, Findings& findings); ///< LibTorch, BLAS, OpenMP.
void judgeGpu(const DoctorFacts& facts, Findings& findings);
void judgeEncoder(const DoctorFacts& facts, const EncoderFacts& encoder, Findings& findings);

/// "12.8" -> 12; 0 for none.
int majorVersionOf(const std::string& version);
/// "cuda" -> 0, "cuda:1" -> 1, anything else -> none.
std::optional<int> gpuAskedFor(const ComputeChoice& choice);

} // namespace nanodit
