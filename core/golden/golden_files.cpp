#include "core/golden/golden.h"
#include "core/io/atomic_file.h"
#include "core/io/mapped_file.h"
#include "core/io/npy.h"
#include "core/io/sha256.h"
#include "core/io/tar.h"
#include "core/io/torch_file.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <complex>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <set>

namespace nanodit {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json; // The order of entries is part of what is compared.

namespace {

/// Files match or they do not: the error is 0 or infinite, the tolerance 0.
GoldenLine exactLine(const std::string& name, const std::string& difference)
{
    const bool same = difference.empty();
    return {.name = name,
            .largestError = same ? 0 : std::numeric_limits<double>::infinity(),
            .tolerance = 0,
            .passed = same,
            .note = difference};
}

std::string shaOf(std::span<const std::byte> bytes)
{
    Sha256 sum;
    sum.update(bytes);
    return sum.hex();
}

std::string differs(const std::string& what, const std::string& ours, const std::string& expected)
{
    return ours == expected ? "" : what + " is " + ours + ", expected " + expected;
}

/// "" or the first of several differences.
std::string firstOf(std::initializer_list<std::string> differences)
{
    for (const auto& difference : differences)
        if (!difference.empty())
            return difference;
    return {};
}

/// Without the order of keys.
nlohmann::json sorted(const json& value)
{
    return nlohmann::json(value);
}

json readJson(const fs::path& file)
{
    auto parsed = json::parse(readTextFile(file), nullptr, false);
    if (!parsed.is_object())
        throw DataError(file.string() + " is damaged: it must hold a JSON object");
    return parsed;
}

// ------------------------------------------------------------------------------------------------- webdataset

std::string compareNpy(const std::string& name, std::span<const std::byte> bytes,
                       const std::shared_ptr<const void>& owner, const json& expected)
{
    const auto header = parseNpyHeader(bytes, name);
    const auto array = inRowMajorOrder(parseNpy(bytes, owner, name));
    return firstOf(
        {differs("descr", header.descr, expected.at("descr")),
         differs("shape", json(header.shape).dump(), expected.at("shape").dump()),
         differs("fortran_order", json(header.fortranOrder).dump(), expected.at("fortran_order").dump()),
         differs("version", std::to_string(header.majorVersion), expected.at("npy_version").at(0).dump()),
         differs("sha256 of the elements", shaOf(array.bytes), expected.at("sha256_c_order_little_endian"))});
}

GoldenLine compareNpyEntry(const std::string& name, const WebdatasetFile& file,
                           const std::shared_ptr<const void>& owner, const json& expected)
{
    const bool refusedUpstream = expected.contains("error");
    try {
        const auto difference = refusedUpstream ? (parseNpy(file.data, owner, name), "read, but upstream refuses it")
                                                : compareNpy(name, file.data, owner, expected.at("npy"));
        return exactLine(name, difference);
    } catch (const DataError& error) {
        // NumPy reads structured and other void elements; they are no numbers, and refusing them is allowed.
        const bool mayRefuse = refusedUpstream || expected.at("npy").at("descr").get<std::string>().starts_with("|V");
        auto line = exactLine(name, mayRefuse ? "" : error.what());
        line.note = error.what();
        return line;
    }
}

GoldenLine compareEntry(const std::string& name, const WebdatasetFile& file, const std::shared_ptr<const void>& owner,
                        const json& expected)
{
    const auto raw = firstOf({differs("size", std::to_string(file.data.size()), expected.at("bytes").dump()),
                              differs("sha256", shaOf(file.data), expected.at("sha256"))});
    if (!raw.empty())
        return exactLine(name, raw);
    if (expected.contains("npy") || expected.contains("error"))
        return compareNpyEntry(name, file, owner, expected);
    if (!expected.contains("value"))
        return exactLine(name, "");
    const std::string text(reinterpret_cast<const char*>(file.data.data()), file.data.size());
    const bool isJson = file.extension == "json" || file.extension.ends_with(".json");
    const auto value = isJson ? json::parse(text, nullptr, false) : json(text);
    return exactLine(name,
                     sorted(value) == sorted(expected.at("value")) ? "" : "its content differs: " + text.substr(0, 80));
}

std::string keysOf(const std::vector<WebdatasetSample>& samples)
{
    std::string keys;
    for (const auto& sample : samples) {
        keys += sample.key + "{";
        for (const auto& file : sample.files)
            keys += " " + file.extension;
        keys += " } ";
    }
    return keys;
}

std::string expectedKeys(const json& samples)
{
    std::string keys;
    for (const auto& sample : samples) {
        keys += sample.at("__key__").get<std::string>() + "{";
        for (const auto& [extension, file] : sample.at("files").items())
            keys += " " + extension;
        keys += " } ";
    }
    return keys;
}

std::string compareMembers(const MappedFile& mapped, const std::shared_ptr<const void>& owner, const json& expected,
                           const std::string& name)
{
    TarReader reader(mapped.bytes(), owner, name);
    for (const auto& member : expected) {
        const auto type = member.at("type").get<std::string>();
        if (type != "0" && type != std::string(1, '\0')) // Neither folders nor links are members for us.
            continue;
        const auto ours = reader.next();
        if (!ours)
            return "the archive ends before " + member.at("name").get<std::string>();
        const auto offset = ours->data.empty() ? member.at("offset_data").get<std::int64_t>()
                                               : ours->data.data() - mapped.bytes().data();
        const auto difference = firstOf({differs("member", ours->name, member.at("name")),
                                         differs("size", std::to_string(ours->data.size()), member.at("size").dump()),
                                         differs("offset", std::to_string(offset), member.at("offset_data").dump())});
        if (!difference.empty())
            return difference;
    }
    const auto further = reader.next();
    return further ? "there is one more member, " + further->name : "";
}

void runTar(const fs::path& file, const json& expected, std::vector<GoldenLine>& lines)
{
    const auto name = file.filename().string();
    const auto mapped = MappedFile::open(file);
    std::vector<WebdatasetSample> samples;
    std::string refusal;
    try {
        samples = readWebdataset(mapped->bytes(), mapped, name);
    } catch (const DataError& error) {
        refusal = error.what();
    }
    const bool refusedUpstream = expected.contains("webdataset_error");
    if (refusedUpstream || !refusal.empty()) {
        auto line = exactLine(name, refusedUpstream == !refusal.empty()
                                        ? ""
                                        : refusal + (refusedUpstream ? "read, but upstream refuses it" : ""));
        line.note = refusal.empty() ? line.note : refusal;
        lines.push_back(std::move(line));
        return;
    }
    lines.push_back(
        exactLine(name + " members", compareMembers(*mapped, mapped, expected.at("members_by_python_tarfile"), name)));
    const auto& expectedSamples = expected.at("samples_by_webdataset");
    const auto grouping = differs("the grouping", keysOf(samples), expectedKeys(expectedSamples));
    lines.push_back(exactLine(name + " samples", grouping));
    if (!grouping.empty())
        return;
    for (std::size_t i = 0; i < samples.size(); ++i)
        for (const auto& entry : samples[i].files)
            lines.push_back(compareEntry(name + " " + samples[i].key + "." + entry.extension, entry, mapped,
                                         expectedSamples[i].at("files").at(entry.extension)));
}

std::vector<GoldenLine> runWebdataset(const fs::path& folder)
{
    std::vector<GoldenLine> lines;
    const auto tars = readJson(folder / "expected.json");
    for (const auto& [tar, expected] : tars.items())
        runTar(folder / tar, expected, lines);
    return lines;
}

// ---------------------------------------------------------------------------------------------------- torch_pt

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

std::string compareTensor(const PtTensor& tensor, const json& expected)
{
    const auto text = [](const auto& value) { return json(value).dump(); };
    return firstOf(
        {differs("dtype", dtypeName(tensor.array.dtype), expected.at("dtype")),
         differs("shape", text(tensor.array.shape), expected.at("shape").dump()),
         differs("stride", text(tensor.array.strides), expected.at("stride").dump()),
         differs("offset", text(tensor.offset), expected.at("storage_offset").dump()),
         differs("contiguous", text(tensor.array.contiguous()), expected.at("contiguous").dump()),
         differs("requires_grad", text(tensor.requiresGrad), expected.at("requires_grad").dump()),
         differs("is_parameter", text(tensor.isParameter), expected.at("is_parameter").dump()),
         differs("sha256 of the elements", shaOf(inRowMajorOrder(tensor.array).bytes), expected.at("sha256_c_order"))});
}

std::string compareValue(const PtValue& value, const json& expected)
{
    if (const auto* const tensor = value.as<PtTensor>())
        return expected.value("tensor", false) ? compareTensor(*tensor, expected) : "it is a tensor";
    if (expected.value("tensor", false))
        return "it is no tensor";
    if (expected.contains("value_decimal"))
        return differs("value", reprOf(value), expected.at("value_decimal"));
    if (expected.contains("repr"))
        return differs("value", reprOf(value), expected.at("repr"));
    return differs("value", jsonOf(value).dump(), expected.at("value").dump());
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

void runGoodFile(const fs::path& file, const json& expected, std::vector<GoldenLine>& lines)
{
    const auto name = file.filename().string();
    const auto read = PtFile::read(file);
    Leaves leaves;
    collectLeaves(read.root(), "", 0, leaves);
    const auto& entries = expected.at("entries");
    lines.push_back(exactLine(name + " entries",
                              differs("their number", std::to_string(leaves.size()), std::to_string(entries.size()))));
    for (const auto& [path, value] : leaves)
        lines.push_back(exactLine(name + " " + path,
                                  entries.contains(path) ? compareValue(*value, entries.at(path)) : "is not expected"));
    const auto sharing = expected.at("tensors_sharing_storage").get<std::set<std::vector<std::string>>>();
    lines.push_back(exactLine(name + " shared storages", sharingOf(leaves) == sharing ? "" : "the groups differ"));
}

void runHostileFile(const fs::path& file, const json& expected, std::vector<GoldenLine>& lines)
{
    // Upstream does not look at the checksums of a zip archive; refusing a wrong one is right too.
    const bool mayRead = expected.at("torch_load_weights_only") == "ACCEPTED";
    auto line = exactLine("hostile " + file.filename().string(), mayRead ? "" : "read, but upstream refuses it");
    try {
        PtFile::read(file);
    } catch (const DataError& error) {
        line = exactLine(line.name, "");
        line.note = error.what();
    }
    lines.push_back(std::move(line));
}

std::vector<GoldenLine> runTorchFiles(const fs::path& folder)
{
    std::vector<GoldenLine> lines;
    const auto expected = readJson(folder / "expected.json");
    for (const auto& [name, entries] : expected.at("good").items()) {
        try {
            runGoodFile(folder / name, entries, lines);
        } catch (const DataError& error) {
            lines.push_back(exactLine(name, error.what()));
        }
    }
    for (const auto& [name, entries] : expected.at("hostile").items())
        runHostileFile(folder / "hostile" / name, entries, lines);
    return lines;
}

} // namespace

std::map<std::string, GoldenRunner> fileGoldenRunners()
{
    return {{"webdataset", runWebdataset}, {"torch_pt", runTorchFiles}};
}

} // namespace nanodit
