#include "core/runs/configurations.h"

#include "core/encoders/encoder_info.h"
#include "core/runtime/error.h"
#include "core/runtime/resources.h"

#include <algorithm>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Features of ViT-S, the narrowest of DINOv2 and DINOv3.
constexpr std::int64_t narrowestPublishedVit = 384;

} // namespace

std::vector<NamedConfiguration> shippedConfigurations()
{
    std::vector<NamedConfiguration> found;
    for (const auto& folder : {resourcesFolder() / "configs", resourcesFolder().parent_path() / "configs"}) {
        std::error_code none;
        for (fs::directory_iterator entry(folder, none), end; !none && entry != end; entry.increment(none)) {
            if (entry->path().extension() == ".yaml")
                found.push_back({.name = entry->path().stem().string(), .file = entry->path()});
        }
        if (!found.empty())
            break;
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return found;
}

fs::path configurationFile(const std::string& nameOrPath)
{
    std::error_code none;
    if (fs::exists(nameOrPath, none))
        return nameOrPath;
    std::string names;
    for (const auto& configuration : shippedConfigurations()) {
        if (configuration.name == nameOrPath)
            return configuration.file;
        names += (names.empty() ? "" : ", ") + configuration.name;
    }
    throw UsageError("there is no configuration \"" + nameOrPath + "\": name a YAML file" +
                     (names.empty() ? "" : ", or one of " + names));
}

std::string suitableConfiguration(const Workspace& workspace)
{
    try {
        return dinoEncoderInfo(workspace).width < narrowestPublishedVit ? "demo" : "base";
    } catch (const Error&) { // no encoder, or one that is not mounted
        return "base";
    }
}

} // namespace nanodit
