#pragma once

#include "core/doctor/facts.h"

#include <string>
#include <vector>

namespace nanodit {

/// Good: as it should be. Note: works, but a person should know. Wrong: something will fail, or be far too slow.
enum class Health { Good, Note, Wrong };

struct Finding {
    std::string area; ///< "memory", "OpenMP", "encoder dino"...
    Health health = Health::Good;
    std::string text; ///< What was found, as a sentence.
    /// What may be behind it and what to do, the likeliest first; empty where nothing is to be done.
    std::vector<std::string> remedies;
    std::optional<Remedy> remedy = {}; ///< What the program itself can do about it: the likeliest of all.
};

/// A pure function: the same facts give the same findings, in an order to be read.
std::vector<Finding> judge(const DoctorFacts& facts);

/// No finding is wrong.
bool isHealthy(const std::vector<Finding>& findings);

} // namespace nanodit
