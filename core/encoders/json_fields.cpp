#include "core/encoders/json_fields.h"

#include "core/io/atomic_file.h"
#include "core/io/file_kind.h"
#include "core/io/foreign_text.h"
#include "core/runtime/error.h"

#include <span>
#include <utility>

namespace nanodit {

namespace {

constexpr auto copyAgain = "; copy it again from where it came from";

} // namespace

JsonFields JsonFields::read(const std::filesystem::path& file)
{
    std::error_code ignored; // a link that leads to itself is not there
    if (!std::filesystem::exists(file, ignored))
        throw DataError(file.string() + " is missing: expected is a model's folder as Hugging Face lays it out");
    const auto bytes = readTextFile(file);
    const auto text = utf8FromFile(bytes).value_or(bytes); // editors of Windows may save UTF-16
    auto parsed = nlohmann::json::parse(text, nullptr, false);
    const auto kind = fileKindOf(std::as_bytes(std::span(text)));
    if (parsed.is_discarded() && kind != FileKind::Json && kind != FileKind::Text && kind != FileKind::Unknown)
        throw DataError(wrongKindMessage(file.string(), kind, "a JSON file"));
    if (parsed.is_discarded()) { // Python writes numbers that strict JSON does not have
        if (auto lenient = parseForeignJson(text); lenient.fault.empty())
            parsed = std::move(lenient.value);
    }
    if (parsed.is_discarded())
        throw DataError(file.string() + " is not valid JSON: it is truncated or damaged" + copyAgain);
    return {std::move(parsed), file.string()};
}

JsonFields::JsonFields(nlohmann::json object, std::string source)
    : object_(std::move(object))
    , source_(std::move(source))
{
    if (!object_.is_object())
        throw DataError(source_ + " holds a JSON " + object_.type_name() + " where an object was expected" + copyAgain);
}

bool JsonFields::has(const std::string& key) const
{
    const auto found = object_.find(key);
    return found != object_.end() && !found->is_null();
}

void JsonFields::require(std::initializer_list<const char*> keys) const
{
    for (const auto* const key : keys) {
        if (!has(key))
            throw DataError(source_ + " lacks \"" + key + "\"" + copyAgain);
    }
}

std::int64_t JsonFields::integer(const std::string& key, std::int64_t absent) const
{
    if (!has(key))
        return absent;
    const auto& value = object_[key];
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}))
        refuse(key, "a whole number");
    return value.get<std::int64_t>();
}

std::int64_t JsonFields::count(const std::string& key, std::int64_t absent, std::int64_t most) const
{
    const auto value = integer(key, absent);
    if (value < 1 || value > most)
        refuse(key, "a number from 1 to " + std::to_string(most));
    return value;
}

double JsonFields::number(const std::string& key, double absent) const
{
    if (!has(key))
        return absent;
    if (!object_[key].is_number())
        refuse(key, "a number");
    return object_[key].get<double>();
}

bool JsonFields::boolean(const std::string& key, bool absent) const
{
    if (!has(key))
        return absent;
    if (!object_[key].is_boolean())
        refuse(key, "true or false");
    return object_[key].get<bool>();
}

std::string JsonFields::text(const std::string& key, const std::string& absent) const
{
    if (!has(key))
        return absent;
    if (!object_[key].is_string())
        refuse(key, "a text");
    return object_[key].get<std::string>();
}

void JsonFields::expectUnquantised() const
{
    if (!has("quantization_config"))
        return;
    const auto& how = object_["quantization_config"];
    const auto method = how.is_object() && how.contains("quant_method") && how["quant_method"].is_string()
                            ? " (" + how["quant_method"].get<std::string>() + ")"
                            : std::string();
    throw DataError(source_ + " is of a quantised model" + method +
                    ", which is not read; use the float16, bfloat16 or float32 weights of the same model");
}

void JsonFields::refuse(const std::string& key, const std::string& expected) const
{
    throw DataError(source_ + " has \"" + key + "\": " + object_.value(key, nlohmann::json()).dump() + ", where " +
                    expected + " was expected" + copyAgain);
}

} // namespace nanodit
