#pragma once

#include "core/model/parameter.h"

namespace nanodit {

/// Before the first backward pass of a step: no gradients, so that the first to arrive are taken as they are instead of
/// being added to zeros.
void clearGradients(const Parameters& parameters);

/// After the last: zeros for those that no backward pass reached, so that an unused parameter is stepped as one of zero
/// gradient.
void completeGradients(const Parameters& parameters);

} // namespace nanodit
