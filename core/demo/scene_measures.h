#pragma once

#include "core/validate/truth_measure.h"

namespace nanodit {

/// The TruthMeasure of drawn scenes (storedTruth): where things stand, whether they were found, and whether the thing
/// of a changed colour word has its new colour.
void measureScene(const Workspace& workspace, const PlannedPicture& planned, const Image& painted,
                  std::map<std::string, double>& values);

} // namespace nanodit
