#include "widgets/config_fields.h"

namespace nanodit {

namespace {

/// What 0 stands for in the settings whose help says so.
std::string zeroOf(const std::string& key)
{
    static const std::map<std::string, std::string> words = {
        {"model.text_dim", "from the data"}, {"model.dino_dim", "from the data"},
        {"model.internal_head", "none"},     {"repa.weight", "off"},
        {"repa.block", "at a third"},        {"repa.end_step", "all steps"},
        {"optimiser.clip", "off"},           {"saving.keep", "all"},
        {"saving.keep_every", "off"},        {"previews.every", "off"},
        {"previews.raw_until", "off"},       {"previews.conditions", "none"},
        {"validation.every", "off"},         {"validation.raw_until", "to the end"},
        {"metrics.attention_every", "off"},  {"metrics.worth_every", "off"}};
    const auto found = words.find(key);
    return found == words.end() ? std::string() : found->second;
}

/// Knows the dotted key of each field; hands its value on as a variant.
class KeyedVisitor : public FieldVisitor {
public:
    void beginGroup(std::string_view key, std::string_view help) override
    {
        groups_.push_back({std::string(key), std::string(help)});
    }
    void endGroup() override { groups_.pop_back(); }
    void field(const FieldInfo& info, bool& value) override { take(info, value, {}); }
    void field(const FieldInfo& info, std::int64_t& value) override { take(info, value, {}); }
    void field(const FieldInfo& info, double& value) override { take(info, value, {}); }
    void field(const FieldInfo& info, std::string& value) override { take(info, value, {}); }
    void field(const FieldInfo& info, std::array<double, 2>& value) override { take(info, value, {}); }
    void field(const FieldInfo& info, std::vector<std::string>& value) override { take(info, value, {}); }
    void choice(const FieldInfo& info, std::string& value, std::span<const std::string_view> names) override
    {
        take(info, value, names);
    }

protected:
    /// Returns what the field is to become.
    virtual FieldValue visit(ConfigField field) = 0;

private:
    template<typename T>
    void take(const FieldInfo& info, T& value, std::span<const std::string_view> names)
    {
        ConfigField field{.key = {},
                          .group = {},
                          .groupHelp = {},
                          .name = std::string(info.key),
                          .help = std::string(info.help),
                          .minimum = info.minimum,
                          .maximum = info.maximum,
                          .unit = std::string(info.unit),
                          .names = {names.begin(), names.end()},
                          .zero = {},
                          .value = value};
        for (const auto& [key, help] : groups_) {
            field.group += (field.group.empty() ? "" : ".") + key;
            field.groupHelp = help;
        }
        field.key = field.group.empty() ? field.name : field.group + "." + field.name;
        field.zero = zeroOf(field.key);
        value = std::get<T>(visit(std::move(field)));
    }

    std::vector<std::pair<std::string, std::string>> groups_;
};

class Reader : public KeyedVisitor {
public:
    std::vector<ConfigField> fields;

protected:
    FieldValue visit(ConfigField field) override
    {
        fields.push_back(std::move(field));
        return fields.back().value;
    }
};

class Writer : public KeyedVisitor {
public:
    explicit Writer(const std::map<std::string, FieldValue>& values)
        : values_(values)
    {
    }

protected:
    FieldValue visit(ConfigField field) override
    {
        const auto found = values_.find(field.key);
        return found == values_.end() ? field.value : found->second;
    }

private:
    const std::map<std::string, FieldValue>& values_;
};

} // namespace

std::vector<ConfigField> readFields(const VisitFunction& visit)
{
    Reader reader;
    visit(reader);
    return std::move(reader.fields);
}

void writeFields(const VisitFunction& visit, const std::map<std::string, FieldValue>& values)
{
    Writer writer(values);
    visit(writer);
}

} // namespace nanodit
