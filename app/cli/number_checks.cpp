#include "app/cli/number_checks.h"

#include <cstdint>
#include <string>

namespace nanodit::cli {

namespace {

CLI::Validator atLeast(std::int64_t least, const char* name)
{
    const auto check = [least](const std::string& text) {
        std::int64_t value = 0;
        const bool fits = CLI::detail::lexical_cast(text, value) && value >= least;
        return fits ? std::string()
                    : "must be a whole number from " + std::to_string(least) + " on, but is \"" + text + "\"";
    };
    return {check, name};
}

} // namespace

CLI::Validator positive()
{
    return atLeast(1, "POSITIVE");
}

CLI::Validator notNegative()
{
    return atLeast(0, "NONNEGATIVE");
}

} // namespace nanodit::cli
