#include "core/preprocess/set_aside.h"

#include "core/runtime/error.h"

namespace nanodit {

namespace fs = std::filesystem;

std::string asideFolder(ArrayKind kind, ArrayVerdict verdict)
{
    return arrayName(kind) + (verdict == ArrayVerdict::Misaligned ? "_misaligned" : "_set_aside");
}

fs::path derivedSubfolder(const Workspace& workspace, const std::string& name)
{
    auto folder = workspace.derivedFolder() / name;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        throw StoreError("the folder " + folder.string() + " could not be created: " + error.message() +
                         "; check that you may write there");
    return folder;
}

fs::path setAside(const Workspace& workspace, ArrayKind kind, const std::string& id, const std::string& folderName)
{
    const auto file = arrayFile(workspace, kind, id);
    const auto folder = derivedSubfolder(workspace, folderName);
    auto target = folder / file.filename();
    for (int i = 2; fs::exists(target); ++i)
        target = folder / (id + "-" + std::to_string(i) + ".npy");
    std::error_code error;
    fs::rename(file, target, error);
    if (!error)
        return target;
    if (fs::exists(file))
        throw StoreError(file.string() + " could not be moved to " + target.string() + ": " + error.message());
    return {};
}

fs::path workLockFile(const Workspace& workspace)
{
    return workspace.catalogFile().string() + ".lock";
}

std::string workLockText(const Workspace& workspace)
{
    return "the workspace " + workspace.root.string() + " is being worked on";
}

} // namespace nanodit
