#pragma once

/// Curating a data set: captions changed in bulk, with a preview, and pictures that are there twice. Part of the front:
/// what app may include of the engine. Functions throw nanodit::Error; jobs do so from run(), on the job's thread.

#include "core/dataset/caption_edits.h"   // IWYU pragma: export
#include "core/dataset/caption_preview.h" // IWYU pragma: export
#include "core/inspect/duplicate_pairs.h" // IWYU pragma: export
