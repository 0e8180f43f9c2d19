#include "core/config/json.h"

#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace nanodit {

namespace {

class JsonWriter final : public FieldVisitor {
public:
    void beginGroup(std::string_view key, std::string_view) override
    {
        auto& group = (*groups_.back())[std::string(key)];
        group = nlohmann::ordered_json::object();
        groups_.push_back(&group);
    }
    void endGroup() override { groups_.pop_back(); }
    void field(const FieldInfo& info, bool& value) override { set(info, value); }
    void field(const FieldInfo& info, std::int64_t& value) override { set(info, value); }
    void field(const FieldInfo& info, double& value) override { set(info, value); }
    void field(const FieldInfo& info, std::string& value) override { set(info, value); }
    void field(const FieldInfo& info, std::array<double, 2>& value) override { set(info, value); }
    void field(const FieldInfo& info, std::vector<std::string>& value) override { set(info, value); }
    void choice(const FieldInfo& info, std::string& value, std::span<const std::string_view>) override
    {
        set(info, value);
    }
    nlohmann::ordered_json take() { return std::move(root_); }

private:
    template<typename Value>
    void set(const FieldInfo& info, const Value& value)
    {
        (*groups_.back())[std::string(info.key)] = value;
    }

    nlohmann::ordered_json root_ = nlohmann::ordered_json::object();
    std::vector<nlohmann::ordered_json*> groups_ = {&root_};
};

} // namespace

nlohmann::ordered_json writeJson(const VisitFunction& visit)
{
    JsonWriter writer;
    visit(writer);
    return writer.take();
}

void readJson(const nlohmann::json& json, const std::string& source, const VisitFunction& visit)
{
    if (!json.is_object()) // nothing at all would be read as all defaults
        throw ConfigError(source + " has " + json.dump().substr(0, 80) +
                          " where a group of settings was expected: it is damaged, or from another program");
    readYaml(json.dump(), source, visit);
}

} // namespace nanodit
