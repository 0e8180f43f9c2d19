#pragma once

#include "core/config/train_config.h"
#include "core/runtime/compute_choice.h"

namespace nanodit {

/// The configuration with the precision that is used: one that the user chose overrides its own.
inline TrainConfig withChosenPrecision(TrainConfig config, const ComputeChoice& choice)
{
    config.precision = choice.precision.value_or(config.precision);
    return config;
}

} // namespace nanodit
