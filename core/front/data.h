#pragma once

/// Data sets: records and their edits, import, captions, passes, packing, verification, alignment certificates, drift
/// and patch features. Part of the front: what app may include of the engine. Functions throw nanodit::Error; jobs do
/// so from run(). Sinks are called on the job's thread.

#include "core/dataset/caption_edits.h"      // IWYU pragma: export
#include "core/dataset/caption_job.h"        // IWYU pragma: export
#include "core/dataset/certificate.h"        // IWYU pragma: export
#include "core/dataset/import_job.h"         // IWYU pragma: export
#include "core/dataset/import_source.h"      // IWYU pragma: export
#include "core/dataset/ledger.h"             // IWYU pragma: export
#include "core/dataset/loss_mask.h"          // IWYU pragma: export
#include "core/dataset/pass.h"               // IWYU pragma: export
#include "core/dataset/rank_share.h"         // IWYU pragma: export
#include "core/dataset/record_edits.h"       // IWYU pragma: export
#include "core/dataset/record_info.h"        // IWYU pragma: export
#include "core/dataset/record_query.h"       // IWYU pragma: export
#include "core/dataset/records_export.h"     // IWYU pragma: export
#include "core/dataset/reject.h"             // IWYU pragma: export
#include "core/dataset/relocate.h"           // IWYU pragma: export
#include "core/dataset/settings_change.h"    // IWYU pragma: export
#include "core/dataset/shard_check.h"        // IWYU pragma: export
#include "core/encoders/encoder_info.h"      // IWYU pragma: export
#include "core/geometry/bucket_presets.h"    // IWYU pragma: export
#include "core/inspect/certify.h"            // IWYU pragma: export
#include "core/inspect/drift.h"              // IWYU pragma: export
#include "core/inspect/feature_grid.h"       // IWYU pragma: export
#include "core/inspect/inspection.h"         // IWYU pragma: export
#include "core/inspect/kept_certificates.h"  // IWYU pragma: export
#include "core/inspect/patch_basis.h"        // IWYU pragma: export
#include "core/inspect/place_field.h"        // IWYU pragma: export
#include "core/inspect/set_map.h"            // IWYU pragma: export
#include "core/preprocess/forecast_job.h"    // IWYU pragma: export
#include "core/preprocess/preprocess_job.h"  // IWYU pragma: export
#include "core/preprocess/shard_job.h"       // IWYU pragma: export
#include "core/preprocess/verify_job.h"      // IWYU pragma: export
#include "core/preprocess/workspace_state.h" // IWYU pragma: export
