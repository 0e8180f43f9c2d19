#pragma once

#include "core/sample/sample_request.h"

#include <string>
#include <vector>

namespace nanodit {

/// What a picture becomes when one branch of guidance is followed alone.
struct BranchPicture {
    std::string name; ///< "no conditions", "text alone", "DINO alone", "text and DINO"
    SampleRequest request;
};

/// One for each branch that the request has conditions for, in the order of enum Branch (core/sample/branches.h). They
/// begin, and are solved, as the request's own picture; no scale, rule or weak guide is left.
std::vector<BranchPicture> branchesAlone(const SampleRequest& request);

} // namespace nanodit
