#include "core/runs/configurations.h"

#include "core/config/field.h"
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
    if (fs::is_regular_file(nameOrPath, none)) // a folder "demo" is not the configuration demo
        return nameOrPath;
    std::string names;
    std::vector<std::string> known;
    for (const auto& configuration : shippedConfigurations()) {
        if (configuration.name == nameOrPath)
            return configuration.file;
        names += (names.empty() ? "" : ", ") + configuration.name;
        known.push_back(configuration.name);
    }
    const auto near = nearestName(nameOrPath, known);
    throw UsageError("there is no configuration \"" + nameOrPath + "\"" +
                     (near.empty() ? std::string() : " (did you mean \"" + near + "\"?)") + ": name a YAML file" +
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
