#pragma once

#include "core/front/data.h"
#include "widgets/state_marks.h"
#include "widgets/thumbnail_grid.h"

namespace nanodit {

/// How the state of an array is drawn.
MarkState markOf(ArrayState state);
/// A record as grids of pictures show it.
ThumbnailItem itemOf(const RecordInfo& record);

} // namespace nanodit
