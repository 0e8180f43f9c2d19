#pragma once

#include "core/preprocess/derived_array.h"

#include <filesystem>
#include <string>

namespace nanodit {

/// data/derived/<this>: where an array's file goes whose place is needed: "dinov3_patches_misaligned", "vae_set_aside".
std::string asideFolder(ArrayKind kind, ArrayVerdict verdict);

/// data/derived/<name>, made where it is not there. Throws StoreError.
std::filesystem::path derivedSubfolder(const Workspace& workspace, const std::string& name);

/// Moves an array's file there, under another name where one of its name was moved before, and gives the place. Nothing
/// happens, and the place is empty, when the file is gone. Throws StoreError.
std::filesystem::path setAside(const Workspace& workspace, ArrayKind kind, const std::string& id,
                               const std::string& folderName);

/// The file whose lock (WorkLock) those hold who make or move derived arrays, one for each catalog; ranks share it. And
/// what to say when somebody else has it.
std::filesystem::path workLockFile(const Workspace& workspace);
std::string workLockText(const Workspace& workspace);

} // namespace nanodit
