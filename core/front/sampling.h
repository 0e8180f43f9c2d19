#pragma once

/// Sampling pictures. Part of the front: what app may include of the engine.
/// Functions throw nanodit::Error; jobs do so from run(). Sinks are called on the job's thread.

#include "core/sample/branch_pictures.h"  // IWYU pragma: export
#include "core/sample/guidance_plane.h"   // IWYU pragma: export
#include "core/sample/models_in_memory.h" // IWYU pragma: export
#include "core/sample/painted_by.h"       // IWYU pragma: export
#include "core/sample/painting_notes.h"   // IWYU pragma: export
#include "core/sample/prompt_pieces.h"    // IWYU pragma: export
#include "core/sample/region_mask.h"      // IWYU pragma: export
#include "core/sample/sample_request.h"   // IWYU pragma: export
#include "core/sample/sampling_session.h" // IWYU pragma: export
