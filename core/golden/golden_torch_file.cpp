#include "core/golden/exact.h"
#include "core/io/torch_file.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <complex>
#include <cstdio>
#include <map>
#include <set>

namespace nanodit {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

namespace {

using Leaves = std::vector<std::pair<std::string, const PtValue*>>;

std::string keyText(const PtValue& key)
{
    if (const auto* const text = key.as<std::string>())
        return *text;
    if (const auto* const integer = key.as<PtInteger>())
        return std::to_string(integer->value);
    return "?";
}

/// Every value that is no dictionary, list or tuple, by its path: "/model/weight", "/betas[0]".
void collectLeaves(const PtValue& value, const std::string& path, int depth, Leaves& leaves)
{
    constexpr int deepest = 64;
    if (depth > deepest)
        throw DataError("the objects are nested more than " + std::to_string(deepest) + " deep");
    const auto* const sequence = value.as<PtSequence>();
    const bool isSet = sequence != nullptr &&
                       (sequence->kind == PtSequence::Kind::Set || sequence->kind == PtSequence::Kind::FrozenSet);
    if (const auto* const dict = value.as<PtDict>()) {
        for (const auto& [key, item] : dict->items)
            collectLeaves(*item, path + "/" + keyText(*key), depth + 1, leaves);
    } else if (sequence != nullptr && !isSet) {
        for (std::size_t i = 0; i < sequence->items.size(); ++i)
            collectLeaves(*sequence->items[i], path + "[" + std::to_string(i) + "]", depth + 1, leaves);
    } else {
        leaves.emplace_back(path, &value);
    }
}

/// As Python's repr() shows bytes.
std::string bytesText(const std::string& bytes)
{
    std::string text = "b'";
    for (const char character : bytes) {
        const auto code = static_cast<unsigned char>(character);
        char escaped[5];
        if (character == '\'' || character == '\\')
            text += std::string("\\") + character;
        else if (character == '\n' || character == '\r' || character == '\t')
            text += character == '\n' ? "\\n" : character == '\r' ? "\\r" : "\\t";
        else if (code >= 0x20 && code < 0x7f)
            text += character;
        else if (std::snprintf(escaped, sizeof escaped, "\\x%02x", code) > 0)
            text += escaped;
    }
    return text + "'";
}

/// As Python's repr() shows a float: the shortest digits that read back the same.
std::string numberText(double number)
{
    char digits[32];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
    return {digits, end};
}

std::string reprOf(const PtValue& value)
{
    if (const auto* const constant = value.as<PtConstant>())
        return constant->text;
    if (const auto* const bytes = value.as<PtBytes>())
        return bytes->isArray ? "bytearray(" + bytesText(bytes->bytes) + ")" : bytesText(bytes->bytes);
    if (const auto* const number = value.as<std::complex<double>>())
        return "(" + numberText(number->real()) + (number->imag() < 0 ? "" : "+") + numberText(number->imag()) + "j)";
    if (const auto* const integer = value.as<PtInteger>())
        return integer->decimal.empty() ? std::to_string(integer->value) : integer->decimal;
    if (const auto* const sequence = value.as<PtSequence>()) {
        std::string text;
        for (const auto* const item : sequence->items)
            text += (text.empty() ? "" : ", ") + reprOf(*item);
        const bool isSet = sequence->kind == PtSequence::Kind::Set;
        return isSet ? (text.empty() ? "set()" : "{" + text + "}") : "frozenset({" + text + "})";
    }
    return "?";
}

json jsonOf(const PtValue& value)
{
    if (const auto* const flag = value.as<bool>())
        return *flag;
    if (const auto* const integer = value.as<PtInteger>())
        return integer->value;
    if (const auto* const text = value.as<std::string>())
        return *text;
    const auto* const number = value.as<double>();
    if (number != nullptr && !std::isfinite(*number)) // JSON has no such numbers.
        return std::isnan(*number) ? "nan" : *number > 0 ? "inf" : "-inf";
    return number != nullptr ? json(*number) : json();
}

std::string compareTensor(const PtTensor& tensor, const json& expected, const std::string& where)
{
    const auto text = [](const auto& value) { return json(value).dump(); };
    const auto wanted = [&](const char* key) { return member(expected, key, where).dump(); };
    return firstOf({differs("dtype", dtypeName(tensor.array.dtype), textMember(expected, "dtype", where)),
                    differs("shape", text(tensor.array.shape), wanted("shape")),
                    differs("stride", text(tensor.array.strides), wanted("stride")),
                    differs("offset", text(tensor.offset), wanted("storage_offset")),
                    differs("contiguous", text(tensor.array.contiguous()), wanted("contiguous")),
                    differs("requires_grad", text(tensor.requiresGrad), wanted("requires_grad")),
                    differs("is_parameter", text(tensor.isParameter), wanted("is_parameter")),
                    differs("sha256 of the elements", shaOf(inRowMajorOrder(tensor.array).bytes),
                            textMember(expected, "sha256_c_order", where))});
}

std::string compareValue(const PtValue& value, const json& expected, const std::string& where)
{
    const auto isTensor = expected.find("tensor");
    const bool tensorWanted = isTensor != expected.end() && *isTensor == true;
    if (const auto* const tensor = value.as<PtTensor>())
        return tensorWanted ? compareTensor(*tensor, expected, where) : "it is a tensor";
    if (tensorWanted)
        return "it is not a tensor";
    if (expected.contains("value_decimal"))
        return differs("value", reprOf(value), textMember(expected, "value_decimal", where));
    if (expected.contains("repr"))
        return differs("value", reprOf(value), textMember(expected, "repr", where));
    return differs("value", jsonOf(value).dump(), member(expected, "value", where).dump());
}

/// Groups of paths whose tensors share memory, each in the order of the file.
std::set<std::vector<std::string>> sharingOf(const Leaves& leaves)
{
    std::map<std::string, std::vector<std::string>> byStorage;
    for (const auto& [path, value] : leaves)
        if (const auto* const tensor = value->as<PtTensor>(); tensor != nullptr && tensor->array.elements() > 0)
            byStorage[tensor->storage].push_back(path);
    std::set<std::vector<std::string>> groups;
    for (auto& [storage, paths] : byStorage)
        if (paths.size() > 1)
            groups.insert(std::move(paths));
    return groups;
}

/// Groups in the order that a set has them in; anything else than a list as it is.
json sortedGroups(json groups)
{
    if (groups.is_array())
        std::sort(groups.begin(), groups.end());
    return groups;
}

void runGoodFile(const fs::path& file, const json& expected, std::vector<GoldenLine>& lines)
{
    const auto name = file.filename().string();
    const auto read = PtFile::read(file);
    Leaves leaves;
    collectLeaves(read.root(), "", 0, leaves);
    const auto& entries = member(expected, "entries", name);
    lines.push_back(exactLine(name + " entries",
                              differs("their number", std::to_string(leaves.size()), std::to_string(entries.size()))));
    for (const auto& [path, value] : leaves)
        lines.push_back(exactLine(name + " " + path, entries.contains(path)
                                                         ? compareValue(*value, entries.at(path), name + " " + path)
                                                         : "is not expected"));
    const auto same = json(sharingOf(leaves)) == sortedGroups(member(expected, "tensors_sharing_storage", name));
    lines.push_back(exactLine(name + " shared storages", same ? "" : "the groups differ"));
}

void runHostileFile(const fs::path& file, const json& expected, std::vector<GoldenLine>& lines)
{
    // Upstream does not look at the checksums of a zip archive; refusing a wrong one is right too.
    const bool mayRead = textMember(expected, "torch_load_weights_only", file.filename().string()) == "ACCEPTED";
    auto line = exactLine("hostile " + file.filename().string(), mayRead ? "" : "read, but upstream refuses it");
    try {
        PtFile::read(file);
    } catch (const DataError& error) {
        line = exactLine(line.name, "");
        line.note = error.what();
    }
    lines.push_back(std::move(line));
}

} // namespace

std::vector<GoldenLine> runTorchFileCase(const fs::path& caseFolder)
{
    std::vector<GoldenLine> lines;
    const auto expected = readExpected(caseFolder);
    for (const auto& [name, entries] : member(expected, "good", "the case").items()) {
        try {
            runGoodFile(caseFolder / name, entries, lines);
        } catch (const DataError& error) {
            lines.push_back(exactLine(name, error.what()));
        }
    }
    for (const auto& [name, entries] : member(expected, "hostile", "the case").items()) {
        try {
            runHostileFile(caseFolder / "hostile" / name, entries, lines);
        } catch (const DataError& error) {
            lines.push_back(exactLine("hostile " + name, error.what()));
        }
    }
    return lines;
}

} // namespace nanodit
