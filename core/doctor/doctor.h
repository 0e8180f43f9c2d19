#pragma once

#include "core/doctor/facts.h"
#include "core/doctor/judgement.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace nanodit {

struct DoctorReport {
    DoctorFacts facts;
    std::vector<Finding> findings;
    bool healthy() const { return isHealthy(findings); }
};

struct DoctorRequest {
    std::filesystem::path workspace = ".";       ///< Its disk and its encoders; need not be one.
    std::vector<std::filesystem::path> encoders; ///< Instead of the workspace's.
    ComputeChoice device;
    bool compute = true; ///< Also compute something and compare it.
    std::function<void(const DoctorReport&)> finished = [](const auto&) {};
};

/// Looks at the machine, the libraries, the encoders, and computes something. Problems are in the report; it does not
/// throw for them.
std::unique_ptr<Job> makeDoctorJob(DoctorRequest request);

} // namespace nanodit
