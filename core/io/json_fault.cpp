#include "core/io/json_fault.h"

#include <string_view>

namespace nanodit {

namespace {

/// What stands between two marks; empty where they do not stand there.
std::string_view between(std::string_view text, std::string_view begin, std::string_view end)
{
    const auto from = text.find(begin);
    if (from == std::string_view::npos)
        return {};
    text.remove_prefix(from + begin.size());
    return text.substr(0, text.find(end));
}

} // namespace

std::string jsonFault(const nlohmann::json::exception& error)
{
    // The library has the particulars in its text alone.
    constexpr int wrongType = 302, keyMissing = 403;
    const std::string_view text = error.what();
    if (const auto* const parsing = dynamic_cast<const nlohmann::json::parse_error*>(&error)) {
        for (const std::string_view ending : {" - unexpected end of input", "attempting to parse an empty input",
                                              "invalid string: missing closing quote"}) {
            if (text.find(ending) != std::string_view::npos)
                return "it ends before it is complete";
        }
        if (const auto place = between(text, " at ", ":"); place.starts_with("line "))
            return std::string(place) + " is not valid JSON";
        return "byte " + std::to_string(parsing->byte) + " is not valid JSON";
    }
    if (error.id == keyMissing) {
        const auto start = text.find("key '"), end = text.rfind("' not found");
        if (start != std::string_view::npos && end != std::string_view::npos && start + 5 <= end)
            return "it lacks \"" + std::string(text.substr(start + 5, end - start - 5)) + "\"";
    }
    if (error.id == wrongType) {
        const auto expected = between(text, "type must be ", ", but is "), found = between(text, ", but is ", ";");
        if (!expected.empty() && !found.empty())
            return "a value is of the type " + std::string(found) + " where " + std::string(expected) + " was expected";
    }
    return "a value is missing or of another type than expected";
}

} // namespace nanodit
