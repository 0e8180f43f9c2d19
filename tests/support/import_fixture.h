#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/io/image.h"
#include "tests/support/drawn_picture.h"
#include "tests/support/imported.h"
#include "tests/support/packed_tar.h"
#include "tests/support/test_data.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace nanodit::test {

/// A folder of pictures as somebody has them, and a workspace that imports it. No two pictures count as near
/// duplicates.
struct ImportFixture {
    TemporaryFolder folder;
    Workspace workspace;
    std::filesystem::path source = folder / "source";

    ImportFixture()
    {
        WorkspaceConfig config;
        config.buckets = {{64, 64}, {96, 64}};
        config.exclusions.nearDuplicateBits = -1;
        workspace = Workspace::create(folder / "workspace", config);
        std::filesystem::create_directories(source);
    }

    /// Each name has another picture.
    void picture(const std::string& name) const
    {
        std::filesystem::create_directories((source / name).parent_path());
        writePng(source / name, drawnPicture(std::hash<std::string>()(name), {80, 70}));
    }
    void pictures(const std::vector<std::string>& names) const
    {
        for (const auto& name : names)
            picture(name);
    }
    void text(const std::string& name, const std::string& content) const { writeText(source / name, content); }

    ImportReport import() const { return importInto(workspace, source); }
    ImportReport import(const std::filesystem::path& from, const JobContext& context = {}) const
    {
        return importInto(workspace, from, context);
    }

    Record record(const std::string& id) const { return recordIn(workspace, id); }
    std::string caption(const std::string& id) const { return record(id).caption; }
};

/// A tar of members of these names: a .txt holds its own name, anything else the picture of that name.
inline std::string tarNamed(const std::vector<std::string>& names)
{
    Members members;
    for (const auto& name : names) {
        if (name.ends_with(".txt")) {
            members.emplace_back(name, name);
            continue;
        }
        const auto png = encodePng(drawnPicture(std::hash<std::string>()(name), {80, 70}));
        members.emplace_back(name, std::string(png.begin(), png.end()));
    }
    return tarOf(members);
}

} // namespace nanodit::test
