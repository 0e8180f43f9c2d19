#pragma once

#include "core/config/field.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nanodit {

/// The dotted name of the field that is being visited.
class PathVisitor : public FieldVisitor {
public:
    void beginGroup(std::string_view key, std::string_view) override { groups_.emplace_back(key); }
    void endGroup() override { groups_.pop_back(); }

protected:
    std::string dotted(std::string_view key) const
    {
        std::string path;
        for (const auto& group : groups_)
            path += group + ".";
        return path + std::string(key);
    }
    std::size_t depth() const { return groups_.size(); }

private:
    std::vector<std::string> groups_;
};

} // namespace nanodit
