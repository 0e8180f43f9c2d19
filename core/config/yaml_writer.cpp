#include "core/config/path_visitor.h"
#include "core/config/settings.h"
#include "core/config/yaml.h"

#include <yaml-cpp/yaml.h>

#include <regex>

namespace nanodit {

namespace {

/// Writes each field as a line, below a comment where help is wanted.
class Writer final : public PathVisitor {
public:
    explicit Writer(bool withHelp)
        : withHelp_(withHelp)
    {
    }
    std::string text;

    void beginGroup(std::string_view key, std::string_view help) override
    {
        if (withHelp_) {
            text += "\n";
            comment(help);
        }
        text += indent() + std::string(key) + ":\n";
        PathVisitor::beginGroup(key, help);
    }
    void field(const FieldInfo& info, bool& value) override { line(info, value ? "true" : "false"); }
    void field(const FieldInfo& info, std::int64_t& value) override { line(info, std::to_string(value)); }
    void field(const FieldInfo& info, double& value) override { line(info, numberText(value)); }
    void field(const FieldInfo& info, std::string& value) override { line(info, quoted(value)); }
    void field(const FieldInfo& info, std::array<double, 2>& value) override
    {
        line(info, "[" + numberText(value[0]) + ", " + numberText(value[1]) + "]");
    }
    void field(const FieldInfo& info, std::vector<std::string>& value) override
    {
        std::string list;
        for (const auto& item : value)
            list += (list.empty() ? "" : ", ") + quoted(item);
        line(info, "[" + list + "]");
    }
    void choice(const FieldInfo& info, std::string& value, std::span<const std::string_view> names) override
    {
        if (withHelp_)
            comment(std::string(info.help) + " One of: " + joined(names) + ".");
        text += indent() + std::string(info.key) + ": " + value + "\n";
    }

private:
    bool withHelp_;

    std::string indent() const { return std::string(2 * depth(), ' '); }
    void comment(std::string_view help) { text += indent() + "# " + std::string(help) + "\n"; }
    void line(const FieldInfo& info, const std::string& value)
    {
        if (withHelp_)
            comment(info.help);
        text += indent() + std::string(info.key) + ": " + value + "\n";
    }
    /// Plain where every YAML reader takes it for a text, else double-quoted.
    static std::string quoted(const std::string& value)
    {
        static const std::regex plain("[A-Za-z0-9_./-]+");
        static const std::regex otherType("null|true|false|yes|no|on|off|[-.]|[-.0-9][-+.0-9e_]*", std::regex::icase);
        if (std::regex_match(value, plain) && !std::regex_match(value, otherType))
            return value;
        YAML::Emitter emitter;
        emitter << YAML::DoubleQuoted << value;
        return emitter.c_str();
    }
};

} // namespace

std::string writeYaml(const VisitFunction& visit, bool withHelp)
{
    Writer writer(withHelp);
    visit(writer);
    return writer.text;
}

} // namespace nanodit
