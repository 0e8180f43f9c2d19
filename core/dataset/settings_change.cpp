#include "core/dataset/settings_change.h"

#include "core/config/yaml.h"
#include "core/dataset/catalog.h"
#include "core/runtime/error.h"

namespace nanodit {

namespace {

std::string textOf(WorkspaceConfig config)
{
    return writeYaml([&config](FieldVisitor& v) { config.visit(v); }, false);
}

void splitByRule(const Workspace& workspace)
{
    auto catalog = Catalog::open(workspace);
    catalog.together([&] {
        for (auto record : catalog.records()) {
            if (record.splitGiven || record.splitEdited)
                continue;
            auto split = splitOf(record.id, workspace.config.validationShare);
            if (split == record.split)
                continue;
            record.split = std::move(split);
            catalog.put(record);
        }
    });
}

} // namespace

bool sameSettings(const WorkspaceConfig& a, const WorkspaceConfig& b)
{
    return textOf(a) == textOf(b);
}

Workspace changeSettings(const Workspace& workspace, const WorkspaceConfig& settings)
{
    throwIfAny(settings.validate(), "the new settings");
    if (!sameSettings(Workspace::open(workspace.root).config, workspace.config))
        throw DataError((workspace.root / "workspace.yaml").string() +
                        " was changed by another program meanwhile: look at its settings as they are now, then change "
                        "them again");
    Workspace changed{.root = workspace.root, .config = settings};
    const bool otherShare = settings.validationShare != workspace.config.validationShare;
    const auto before = workspace;
    changed.save();
    try {
        if (otherShare)
            splitByRule(changed);
    } catch (...) {
        before.save();
        throw;
    }
    return changed;
}

} // namespace nanodit
