#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace nanodit {

/// What an import met and did not take, by kind, so that nothing vanishes in silence.
class PassedBy {
public:
    struct Kind {
        std::int64_t count = 0;
        std::string example; ///< The first of them.
        std::string advice;  ///< What to do about them; empty where nothing need be done.
    };

    /// `kind` is a noun for many: ".heic files", "links to folders".
    void add(const std::string& kind, const std::string& example, const std::string& advice = {},
             std::int64_t count = 1);
    void add(const PassedBy& others);
    const std::map<std::string, Kind>& kinds() const { return kinds_; }
    std::int64_t count() const;

private:
    std::map<std::string, Kind> kinds_;
};

} // namespace nanodit
