#include "core/io/safetensors.h"

#include "core/io/atomic_file.h"
#include "core/io/file_kind.h"
#include "core/io/mapped_file.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::uint64_t maximalHeader = 100'000'000; // As upstream: a longer one is an attack or no safetensors file.
constexpr std::size_t lengthBytes = 8;
constexpr auto metadataKey = "__metadata__";

constexpr std::array<std::pair<const char*, DType>, 16> typeNames = {{{"BOOL", DType::Bool},
                                                                      {"U8", DType::U8},
                                                                      {"I8", DType::I8},
                                                                      {"I16", DType::I16},
                                                                      {"I32", DType::I32},
                                                                      {"I64", DType::I64},
                                                                      {"U16", DType::U16},
                                                                      {"U32", DType::U32},
                                                                      {"U64", DType::U64},
                                                                      {"F16", DType::F16},
                                                                      {"BF16", DType::BF16},
                                                                      {"F32", DType::F32},
                                                                      {"F64", DType::F64},
                                                                      {"C64", DType::C64},
                                                                      {"F8_E4M3", DType::F8E4M3},
                                                                      {"F8_E5M2", DType::F8E5M2}}};

/// Parses a JSON object and refuses keys that occur twice, which a plain parse would merge silently.
json parseStrictly(const char* begin, const char* end, const std::string& name)
{
    std::vector<std::set<std::string>> keysByDepth;
    std::string twice;
    constexpr std::size_t deepest = 8; // A tensor's shape lies at depth 2.
    const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
        const auto level = static_cast<std::size_t>(depth);
        if (level > deepest)
            return false;
        if (event == json::parse_event_t::object_start) {
            if (keysByDepth.size() < level + 2)
                keysByDepth.resize(level + 2);
            keysByDepth[level + 1].clear();
        } else if (event == json::parse_event_t::key && !keysByDepth[level].insert(parsed.get<std::string>()).second) {
            twice = parsed.get<std::string>();
        }
        return true;
    };
    auto header = json::parse(begin, end, watch, false);
    if (!header.is_object())
        throw DataError(name + " is not a safetensors file: its header is not a JSON object; fetch the file again");
    if (!twice.empty())
        throw DataError(name + " is damaged: its header names \"" + twice + "\" twice; fetch the file again");
    return header;
}

DType typeFromName(const std::string& type, const std::string& tensor, const std::string& name)
{
    for (const auto& [known, dtype] : typeNames)
        if (type == known)
            return dtype;
    throw DataError(name + ": tensor \"" + tensor + "\" has the element type " + type +
                    ", which is not read here; convert the file to F32, F16 or BF16");
}

const char* nameOfType(DType dtype)
{
    for (const auto& [known, candidate] : typeNames)
        if (dtype == candidate)
            return known;
    throw DataError("safetensors files cannot hold " + dtypeName(dtype));
}

struct Extent {
    std::uint64_t begin = 0, end = 0;
    std::string tensor;
};

Array parseTensor(const std::string& tensor, const json& entry, std::span<const std::byte> data, Extent& extent,
                  const std::string& name)
{
    const auto damaged = [&](const std::string& what) {
        return DataError(name + " is damaged: tensor \"" + tensor + "\" " + what + "; fetch the file again");
    };
    const auto isCount = [](const json& value) { return value.is_number_unsigned(); };
    if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() || !entry.contains("shape") ||
        !entry["shape"].is_array() || !entry.contains("data_offsets") || !entry["data_offsets"].is_array())
        throw damaged("lacks a dtype, shape or data_offsets");
    const auto& sides = entry["shape"];
    const auto& offsets = entry["data_offsets"];
    if (!std::all_of(sides.begin(), sides.end(), isCount) || offsets.size() != 2 || !isCount(offsets[0]) ||
        !isCount(offsets[1]))
        throw damaged("has a shape or data_offsets that are not whole numbers");

    Array array;
    array.dtype = typeFromName(entry["dtype"].get<std::string>(), tensor, name);
    for (const auto& side : sides) {
        if (side.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
            throw damaged("has a shape that is too large");
        array.shape.push_back(side.get<std::int64_t>());
    }
    const auto size = checkedProduct(array.shape, bytesPerElement(array.dtype));
    if (!size)
        throw damaged("has the shape " + shapeText(array.shape) + ", which is too large");
    extent = {.begin = offsets[0].get<std::uint64_t>(), .end = offsets[1].get<std::uint64_t>(), .tensor = tensor};
    if (extent.begin > extent.end || extent.end - extent.begin != static_cast<std::uint64_t>(*size))
        throw damaged("of shape " + shapeText(array.shape) + " and type " + dtypeName(array.dtype) + " needs " +
                      std::to_string(*size) + " bytes, but is at " + std::to_string(extent.begin) + " to " +
                      std::to_string(extent.end));
    if (extent.end > data.size())
        throw DataError(name + " is truncated: tensor \"" + tensor + "\" ends at data byte " +
                        std::to_string(extent.end) + " of " + std::to_string(data.size()) + "; fetch the file again");
    array.bytes = data.subspan(static_cast<std::size_t>(extent.begin), static_cast<std::size_t>(*size));
    return array;
}

/// As upstream: the tensors fill the data without overlap, gap or rest.
void requireGapless(std::vector<Extent> extents, std::size_t dataBytes, const std::string& name)
{
    std::sort(extents.begin(), extents.end(),
              [](const Extent& a, const Extent& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
    std::uint64_t filled = 0;
    for (const auto& extent : extents) {
        if (extent.begin != filled)
            throw DataError(name + " is damaged: tensor \"" + extent.tensor + "\" begins at data byte " +
                            std::to_string(extent.begin) + ", where " + std::to_string(filled) + " was expected (" +
                            (extent.begin < filled ? "tensors overlap)" : "there is a gap)") +
                            "; fetch the file again");
        filled = extent.end;
    }
    if (filled != dataBytes)
        throw DataError(name + " is damaged: " + std::to_string(dataBytes - filled) +
                        " bytes follow the last tensor; fetch the file again");
}

Safetensors readFile(const fs::path& file)
{
    const auto mapped = MappedFile::open(file);
    return parseSafetensors(mapped->bytes(), mapped, file.string());
}

Safetensors readIndex(const fs::path& indexFile)
{
    const auto name = indexFile.string();
    const auto text = readTextFile(indexFile);
    const auto index = parseStrictly(text.data(), text.data() + text.size(), name);
    if (!index.contains("weight_map") || !index["weight_map"].is_object())
        throw DataError(name + " is not an index of safetensors shards: it has no \"weight_map\"");
    std::map<std::string, Safetensors> shards;
    Safetensors all;
    for (const auto& [tensor, file] : index["weight_map"].items()) {
        if (!file.is_string())
            throw DataError(name + ": \"weight_map\" gives no file for \"" + tensor + "\"");
        const auto shardName = file.get<std::string>();
        if (shardName.empty() || shardName != fs::path(shardName).filename())
            throw DataError(name + " points to \"" + shardName + "\"; shards must be beside it");
        auto shard = shards.find(shardName);
        if (shard == shards.end())
            shard = shards.emplace(shardName, readFile(indexFile.parent_path() / shardName)).first;
        const auto found = shard->second.arrays.find(tensor);
        if (found == shard->second.arrays.end())
            throw DataError(name + " places tensor \"" + tensor + "\" in " + shardName + ", which does not hold it");
        all.arrays.emplace(tensor, found->second);
    }
    for (const auto& [file, shard] : shards)
        all.metadata.insert(shard.metadata.begin(), shard.metadata.end());
    return all;
}

} // namespace

Safetensors parseSafetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                             const std::string& name)
{
    std::uint64_t headerBytes = 0;
    const bool announced = bytes.size() > lengthBytes && bytes[lengthBytes] == std::byte{'{'};
    if (const auto kind = fileKindOf(bytes); !announced && kind != FileKind::Unknown)
        throw DataError(wrongKindMessage(name, kind, "a safetensors file"));
    if (bytes.size() < lengthBytes)
        throw DataError(name + " is not a safetensors file: it has only " + std::to_string(bytes.size()) +
                        " bytes; fetch the file again");
    std::memcpy(&headerBytes, bytes.data(), lengthBytes);
    if (headerBytes > maximalHeader)
        throw DataError(name + " is not a safetensors file: it announces a header of " + std::to_string(headerBytes) +
                        " bytes; fetch the file again");
    if (headerBytes > bytes.size() - lengthBytes)
        throw DataError(name + " is truncated: its header of " + std::to_string(headerBytes) +
                        " bytes does not fit in the file's " + std::to_string(bytes.size()) + "; fetch the file again");
    const auto* const text = reinterpret_cast<const char*>(bytes.data()) + lengthBytes;
    const auto header = parseStrictly(text, text + headerBytes, name);
    const auto data = bytes.subspan(lengthBytes + static_cast<std::size_t>(headerBytes));

    Safetensors result;
    std::vector<Extent> extents;
    for (const auto& [key, entry] : header.items()) {
        if (key == metadataKey) {
            if (entry.is_null()) // upstream takes it for none
                continue;
            if (!entry.is_object())
                throw DataError(name + " is damaged: its metadata are not a JSON object; fetch the file again");
            for (const auto& [metaKey, value] : entry.items()) {
                if (!value.is_string())
                    throw DataError(name + " is damaged: its metadata \"" + metaKey +
                                    "\" is not text; fetch the file again, or save it again");
                result.metadata.emplace(metaKey, value.get<std::string>());
            }
            continue;
        }
        auto array = parseTensor(key, entry, data, extents.emplace_back(), name);
        array.owner = owner;
        result.arrays.emplace(key, std::move(array));
    }
    requireGapless(std::move(extents), data.size(), name);
    return result;
}

Safetensors readSafetensors(const fs::path& file)
{
    return file.extension() == ".json" ? readIndex(file) : readFile(file);
}

void writeSafetensors(const fs::path& file, const std::map<std::string, Array>& arrays,
                      const std::map<std::string, std::string>& metadata)
{
    std::vector<std::pair<const std::string*, Array>> ordered;
    for (const auto& [tensor, array] : arrays)
        ordered.emplace_back(&tensor, inRowMajorOrder(array));
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
        return bytesPerElement(a.second.dtype) > bytesPerElement(b.second.dtype);
    });

    json header = json::object();
    if (!metadata.empty())
        header[metadataKey] = metadata;
    std::size_t offset = 0;
    for (const auto& [tensor, array] : ordered) {
        if (*tensor == metadataKey)
            throw DataError("a tensor cannot be named " + *tensor);
        header[*tensor] = {{"dtype", nameOfType(array.dtype)},
                           {"shape", array.shape},
                           {"data_offsets", {offset, offset + array.bytes.size()}}};
        offset += array.bytes.size();
    }
    auto text = header.dump();
    text.resize((text.size() + lengthBytes - 1) / lengthBytes * lengthBytes, ' ');
    const std::uint64_t headerBytes = text.size();

    AtomicFile target(file);
    target.write(std::as_bytes(std::span(&headerBytes, 1)));
    target.write(text);
    for (const auto& [tensor, array] : ordered)
        target.write(array.bytes);
    target.commit();
}

} // namespace nanodit
