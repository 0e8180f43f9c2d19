#include "app/configurations.h"

#include "core/runtime/resources.h"

#include <algorithm>

namespace nanodit {

namespace fs = std::filesystem;

std::vector<NamedConfiguration> shippedConfigurations()
{
    std::vector<NamedConfiguration> found;
    for (const auto& folder : {resourcesFolder() / "configs", resourcesFolder().parent_path() / "configs"}) {
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(folder, none)) {
            if (entry.path().extension() == ".yaml")
                found.push_back({.name = QString::fromStdString(entry.path().stem().string()), .file = entry.path()});
        }
        if (!found.empty())
            break;
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return found;
}

QString suitableConfiguration(const Workspace& workspace)
{
    const fs::path encoder(workspace.config.dinoEncoder);
    const bool demo = std::any_of(encoder.begin(), encoder.end(),
                                  [](const fs::path& part) { return part.string().find("demo") != std::string::npos; });
    return demo ? QStringLiteral("demo") : QStringLiteral("base");
}

QString freeRunName(const std::vector<RunInfo>& runs, const QString& stem)
{
    for (int i = 1;; ++i) {
        auto name = i == 1 ? stem : QStringLiteral("%1-%2").arg(stem).arg(i);
        const auto taken = [&name](const RunInfo& run) { return run.name == name.toStdString(); };
        if (std::none_of(runs.begin(), runs.end(), taken))
            return name;
    }
}

} // namespace nanodit
