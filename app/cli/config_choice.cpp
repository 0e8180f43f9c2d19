#include "app/cli/config_choice.h"

#include "core/runtime/error.h"
#include "core/runtime/resources.h"

namespace nanodit::cli {

std::filesystem::path configFile(const std::string& nameOrPath)
{
    if (std::filesystem::exists(nameOrPath))
        return nameOrPath;
    for (const auto& folder : {resourcesFolder() / "configs", resourcesFolder().parent_path() / "configs"}) {
        const auto file = folder / (nameOrPath + ".yaml");
        if (std::filesystem::exists(file))
            return file;
    }
    throw UsageError("there is no configuration \"" + nameOrPath + "\": name a YAML file, or one of demo and base");
}

} // namespace nanodit::cli
