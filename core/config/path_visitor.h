#pragma once

#include "core/config/field.h"

#include <cstddef>
#include <span>
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
    /// "uniform, logit_normal"
    static std::string joined(std::span<const std::string_view> names)
    {
        std::string text;
        for (const auto name : names)
            text += (text.empty() ? "" : ", ") + std::string(name);
        return text;
    }

private:
    std::vector<std::string> groups_;
};

} // namespace nanodit
