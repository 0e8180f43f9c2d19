#pragma once

#include <string>
#include <vector>

namespace nanodit {

/// Times of one computation.
struct KernelTime {
    std::string what;            ///< "self attention, forward"
    std::string shape;           ///< "1 x 12 x 1024 x 1024 x 64"
    double operations = 0;       ///< Floating-point operations: two for a multiplication and its addition.
    std::vector<double> seconds; ///< Of each repetition.

    double best() const;
    double perSecond() const { return operations / best(); }
};

} // namespace nanodit
