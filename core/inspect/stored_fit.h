#pragma once

#include "core/inspect/inspection.h"

namespace nanodit {

/// Fits as .safetensors files below the cache folder; their names carry the options and the encoder's fingerprint.
std::filesystem::path patchFitFile(const Workspace& workspace, const PatchFitOptions& options,
                                   const std::string& encoder);
std::filesystem::path placeFieldFile(const Workspace& workspace, const std::string& encoder);
void writePatchFit(const std::filesystem::path& file, const PatchFit& fit);
void writePlaceField(const std::filesystem::path& file, const PlaceField& field);
/// Empty when the file is missing or not one of these.
std::optional<PatchFit> readPatchFit(const std::filesystem::path& file);
std::optional<PlaceField> readPlaceField(const std::filesystem::path& file);

/// Fingerprint of the workspace's DINO encoder; "" while it has none.
std::string dinoFingerprint(const Workspace& workspace, const JobContext& context = {});

} // namespace nanodit
