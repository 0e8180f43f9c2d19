#pragma once

/// The jobs of this folder with given encoders, for tests: the front's own make them with those of the workspace.

#include "core/inspect/certify.h"
#include "core/inspect/drift.h"
#include "core/preprocess/pass_encoders.h"

namespace nanodit {

std::unique_ptr<Job> makeCertifyJobWith(CertifyRequest request, PassEncoders encoders);
std::unique_ptr<Job> makeDriftJobWith(DriftRequest request, PassEncoders encoders);

} // namespace nanodit
