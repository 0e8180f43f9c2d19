#include "core/demo/truth.h"

#include "core/io/atomic_file.h"

#include <nlohmann/json.hpp>

namespace nanodit {

std::filesystem::path truthFile(const Workspace& workspace, const std::string& id)
{
    return workspace.root / "data" / "truth" / (id + ".json");
}

std::optional<Scene> storedTruth(const Workspace& workspace, const std::string& id)
{
    const auto file = truthFile(workspace, id);
    if (!std::filesystem::exists(file))
        return std::nullopt;
    return sceneFromTruth(nlohmann::json::parse(readTextFile(file), nullptr, false), file.string());
}

} // namespace nanodit
