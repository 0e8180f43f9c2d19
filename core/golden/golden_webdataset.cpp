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
    const auto& version = member(expected, "npy_version", name);
    return firstOf(
        {differs("descr", header.descr, textMember(expected, "descr", name)),
         differs("shape", json(header.shape).dump(), member(expected, "shape", name).dump()),
         differs("fortran_order", json(header.fortranOrder).dump(), member(expected, "fortran_order", name).dump()),
         differs("version", std::to_string(header.majorVersion),
                 version.is_array() && !version.empty() ? version.front().dump() : "none"),
         differs("sha256 of the elements", shaOf(array.bytes),
                 textMember(expected, "sha256_c_order_little_endian", name))});
}

GoldenLine compareNpyEntry(const std::string& name, const WebdatasetFile& file,
                           const std::shared_ptr<const void>& owner, const json& expected)
{
    const bool refusedUpstream = expected.contains("error");
    try {
        const auto difference = refusedUpstream ? (parseNpy(file.data, owner, name), "read, but upstream refuses it")
                                                : compareNpy(name, file.data, owner, member(expected, "npy", name));
        return exactLine(name, difference);
    } catch (const DataError& error) {
        // NumPy reads structured and other void elements; they are no numbers, and refusing them is allowed.
        const bool mayRefuse =
            refusedUpstream || textMember(member(expected, "npy", name), "descr", name).starts_with("|V");
        auto line = exactLine(name, mayRefuse ? "" : error.what());
        line.note = error.what();
        return line;
    }
}

GoldenLine compareEntry(const std::string& name, const WebdatasetFile& file, const std::shared_ptr<const void>& owner,
                        const json& expected)
{
    const auto raw = firstOf({differs("size", std::to_string(file.data.size()), member(expected, "bytes", name).dump()),
                              differs("sha256", shaOf(file.data), textMember(expected, "sha256", name))});
    if (!raw.empty())
        return exactLine(name, raw);
    if (expected.contains("npy") || expected.contains("error"))
        return compareNpyEntry(name, file, owner, expected);
    if (!expected.contains("value"))
        return exactLine(name, "");
    const std::string text(reinterpret_cast<const char*>(file.data.data()), file.data.size());
    const bool isJson = file.extension == "json" || file.extension.ends_with(".json");
    const auto value = isJson ? json::parse(text, nullptr, false) : json(text);
    return exactLine(name, sorted(value) == sorted(member(expected, "value", name))
                               ? ""
                               : "its content differs: " + text.substr(0, 80));
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

std::string expectedKeys(const json& samples, const std::string& tar)
{
    std::string keys;
    for (const auto& sample : samples) {
        keys += textMember(sample, "__key__", "a sample of " + tar) + "{";
        for (const auto& [extension, file] : member(sample, "files", "a sample of " + tar).items())
            keys += " " + extension;
        keys += " } ";
    }
    return keys;
}

std::string compareMembers(const MappedFile& mapped, const std::shared_ptr<const void>& owner, const json& expected,
                           const std::string& name)
{
    TarReader reader(mapped.bytes(), owner, name);
    const auto nextFile = [&reader] { // hard links are members for the import of pictures alone
        auto found = reader.next();
        while (found && found->hardLink)
            found = reader.next();
        return found;
    };
    for (const auto& entry : expected) {
        const auto where = "a member of " + name;
        const auto type = textMember(entry, "type", where), entryName = textMember(entry, "name", where);
        if (type != "0" && type != std::string(1, '\0')) // Neither folders nor links are members for us.
            continue;
        const auto ours = nextFile();
        if (!ours)
            return "the archive ends before " + entryName;
        const auto wanted = member(entry, "offset_data", where).dump();
        const auto offset = ours->data.empty() ? wanted : std::to_string(ours->data.data() - mapped.bytes().data());
        const auto difference =
            firstOf({differs("member", ours->name, entryName),
                     differs("size", std::to_string(ours->data.size()), member(entry, "size", where).dump()),
                     differs("offset", offset, wanted)});
        if (!difference.empty())
            return difference;
    }
    const auto further = nextFile();
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
    lines.push_back(exactLine(
        name + " members", compareMembers(*mapped, mapped, member(expected, "members_by_python_tarfile", name), name)));
    const auto& expectedSamples = member(expected, "samples_by_webdataset", name);
    const auto grouping = differs("the grouping", keysOf(samples), expectedKeys(expectedSamples, name));
    lines.push_back(exactLine(name + " samples", grouping));
    if (!grouping.empty())
        return;
    for (std::size_t i = 0; i < samples.size(); ++i)
        for (const auto& entry : samples[i].files)
            lines.push_back(compareEntry(name + " " + samples[i].key + "." + entry.extension, entry, mapped,
                                         member(member(expectedSamples[i], "files", name), entry.extension, name)));
}

} // namespace

std::vector<GoldenLine> runWebdatasetCase(const fs::path& caseFolder)
{
    std::vector<GoldenLine> lines;
    const auto tars = readExpected(caseFolder);
    for (const auto& [tar, expected] : tars.items())
        try {
            runTar(caseFolder / tar, expected, lines);
        } catch (const DataError& error) {
            lines.push_back(exactLine(tar, error.what()));
        }
    return lines;
}

} // namespace nanodit
