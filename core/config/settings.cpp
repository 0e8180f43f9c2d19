#include "core/config/settings.h"

#include "core/config/path_visitor.h"

#include <charconv>
#include <cmath>

namespace nanodit {

namespace {

class Lister final : public PathVisitor {
public:
    std::vector<Setting> settings;

    void field(const FieldInfo& info, bool& value) override { add(info, "true or false", value ? "true" : "false"); }
    void field(const FieldInfo& info, std::int64_t& value) override
    {
        add(info, "whole number", std::to_string(value));
    }
    void field(const FieldInfo& info, double& value) override { add(info, "number", numberText(value)); }
    void field(const FieldInfo& info, std::string& value) override { add(info, "text", value); }
    void field(const FieldInfo& info, std::array<double, 2>& value) override
    {
        add(info, "two numbers", "[" + numberText(value[0]) + ", " + numberText(value[1]) + "]");
    }
    void field(const FieldInfo& info, std::vector<std::string>& value) override
    {
        std::string list;
        for (const auto& item : value)
            list += (list.empty() ? "" : ", ") + item;
        add(info, "list", "[" + list + "]");
    }
    void choice(const FieldInfo& info, std::string& value, std::span<const std::string_view> names) override
    {
        add(info, "choice", value);
        settings.back().choices.assign(names.begin(), names.end());
    }

private:
    void add(const FieldInfo& info, const char* type, std::string value)
    {
        settings.push_back({.key = dotted(info.key),
                            .type = type,
                            .value = std::move(value),
                            .unit = std::string(info.unit),
                            .help = std::string(info.help),
                            .minimum = info.minimum,
                            .maximum = info.maximum,
                            .choices = {}});
    }
};

} // namespace

std::string Setting::range() const
{
    std::string names;
    for (const auto& name : choices)
        names += (names.empty() ? "" : ", ") + name;
    if (!names.empty())
        return names;
    if (minimum == maximum)
        return numberText(minimum);
    if (std::isfinite(minimum) && std::isfinite(maximum))
        return numberText(minimum) + " to " + numberText(maximum);
    if (std::isfinite(minimum))
        return "at least " + numberText(minimum);
    return std::isfinite(maximum) ? "at most " + numberText(maximum) : type;
}

std::vector<Setting> settingsOf(const VisitFunction& visit)
{
    Lister lister;
    visit(lister);
    return std::move(lister.settings);
}

std::string numberText(double value)
{
    // 0.0003 and 1000000000 read better than 3e-04 and 1e+09; each is the shortest text that gives the number back.
    const double size = std::abs(value);
    const bool plain = size == 0 || (size >= 1e-5 && size < 1e16);
    char buffer[64];
    const auto [end, error] = plain ? std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed)
                                    : std::to_chars(buffer, buffer + sizeof buffer, value);
    return error == std::errc{} ? std::string(buffer, end) : std::string("nan");
}

} // namespace nanodit
