#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace nanodit {

/// How an ending (without its dot, in lower case) is called where things are counted by it: ".heic"; ".(number)" for
/// all that are numbers (frame.0001, frame.0002...), ".(other)" for what no format is called.
std::string endingKind(std::string_view ending);

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
