#pragma once

#include "core/demo/scene.h"
#include "core/validate/truth_measure.h"

namespace nanodit {

/// The caption with the word of one thing replaced wherever it is named, its colour for an even number and its shape
/// for an odd one, and the patches that the circle around the thing reaches into. Numbers go through the things; new
/// colours are none of the scene's. Empty where the caption does not call a thing by colour and shape side by side.
std::optional<RegionChange> editScene(const Scene& scene, const std::string& caption, GridSize grid,
                                      std::size_t number);

/// Where words that follow each other with one space between begin in a text; npos where they do not stand alone.
std::size_t findWords(const std::string& text, const std::string& words);

/// What the suite is told of drawn scenes: measureScene and editScene of records with a stored truth.
KnownTruth sceneTruth();

} // namespace nanodit
