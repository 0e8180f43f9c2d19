#include "app/cli/number_checks.h"

#include <charconv>
#include <limits>
#include <optional>

namespace nanodit::cli {

namespace {

/// Empty unless the text is such a number from its first character to its last.
template<typename Number>
std::optional<Number> parsed(const std::string& text)
{
    Number value{};
    const auto* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && last == end ? std::optional(value) : std::nullopt;
}

std::string shortText(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
}

/// `range`: "from 1 to 1000".
template<typename Number>
CLI::Validator within(Number least, Number most, const std::string& kind, const std::string& range,
                      const std::string& name)
{
    return {[=](const std::string& text) {
                const auto value = parsed<Number>(text);
                return value && *value >= least && *value <= most
                           ? std::string()
                           : "must be a " + kind + " " + range + ", but is \"" + text + "\"";
            },
            name};
}

constexpr auto largest = std::numeric_limits<std::int64_t>::max();

} // namespace

CLI::Validator positive()
{
    return within<std::int64_t>(1, largest, "whole number", "from 1 on", "1...");
}

CLI::Validator notNegative()
{
    return within<std::int64_t>(0, largest, "whole number", "from 0 on", "0...");
}

CLI::Validator wholeNumber(std::int64_t least, std::int64_t most)
{
    return within(least, most, "whole number", "from " + std::to_string(least) + " to " + std::to_string(most),
                  std::to_string(least) + "..." + std::to_string(most));
}

CLI::Validator number(double least, double most)
{
    return within(least, most, "number", "from " + shortText(least) + " to " + shortText(most),
                  shortText(least) + "..." + shortText(most));
}

CLI::Validator seedNumber()
{
    constexpr auto last = std::numeric_limits<std::uint64_t>::max();
    return within<std::uint64_t>(0, last, "whole number", "from 0 to " + std::to_string(last), "0...");
}

} // namespace nanodit::cli
