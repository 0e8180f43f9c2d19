#pragma once

/// Looking at the machine, the libraries and the encoders. Part of the front: what app may include of the engine.
/// Functions throw nanodit::Error; jobs do so from run(). Sinks are called on the job's thread.

#include "core/doctor/data_time.h"     // IWYU pragma: export
#include "core/doctor/doctor.h"        // IWYU pragma: export
#include "core/doctor/encoder_facts.h" // IWYU pragma: export
#include "core/doctor/kernel_time.h"   // IWYU pragma: export
#include "core/doctor/step_time.h"     // IWYU pragma: export
#include "core/doctor/window_time.h"   // IWYU pragma: export
