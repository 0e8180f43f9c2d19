#pragma once

#include "core/config/workspace_config.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <string>

namespace nanodit {

/// Data whose DINO arrays are wrong on purpose, kept in a folder of their own: nothing else ever finds them.

/// "misaligned-train" of "train"
std::string misalignedSetName(const std::string& set);

/// The workspace as a model of misaligned data sees it: shards and derived arrays lie below `folder`.
Workspace misalignedView(Workspace workspace, const std::filesystem::path& folder);

/// Makes `folder`/shards/misaligned-SET, a copy of the workspace's set in which CLS and patches were encoded from the
/// old centre crop of each original (oldCentreCropOf) resized to its bucket: the patch count fits, the places do not.
/// And `folder`/derived with such CLS and patches, text and latents as they are, of the records of the split "val".
/// What is there already is left alone. False when stopped. Throws DataError where an original is gone.
bool makeMisalignedData(const Workspace& workspace, const std::string& set, const std::filesystem::path& folder,
                        const ComputeChoice& device, const JobContext& context);

} // namespace nanodit
