#pragma once

#include "core/runs/checkpoint.h"
#include "core/runtime/compute.h"

namespace nanodit {

class Collective;

/// Processes that train together must have the same configuration, data, LibTorch and kind of device, or they would
/// make steps that do not belong together, or wait for each other in vain. `here`: what this one would save now. Every
/// rank calls it at once, and each throws the same Error, which names the first rank that differs from rank 0 and in
/// what.
void expectSameEverywhere(Collective& ranks, const CheckpointState& here, const Compute& compute);

} // namespace nanodit
