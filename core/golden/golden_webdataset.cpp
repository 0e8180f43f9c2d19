#include "core/golden/exact.h"
#include "core/io/mapped_file.h"
#include "core/io/npy.h"
#include "core/io/tar.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

namespace nanodit {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json; // The order of entries is part of what is compared.

namespace {

/// Without the order of keys.
nlohmann::json sorted(const json& value)
{
    return nlohmann::json(value);
}

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

} // namespace

std::vector<GoldenLine> runWebdatasetCase(const fs::path& caseFolder)
{
    std::vector<GoldenLine> lines;
    const auto tars = readExpected(caseFolder);
    for (const auto& [tar, expected] : tars.items())
        runTar(caseFolder / tar, expected, lines);
    return lines;
}

} // namespace nanodit
