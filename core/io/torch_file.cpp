#include "core/io/torch_file.h"

#include "core/io/mapped_file.h"
#include "core/io/pickle.h"
#include "core/io/zip_directory.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace nanodit {

namespace {

using Bytes = std::span<const std::byte>;
using namespace std::string_view_literals;

constexpr auto zipBegin = "PK\x03\x04"sv;
/// The legacy format begins with a pickle of this number: PROTO 2, LONG1 0x1950a86a20f9469cfc6c, STOP.
constexpr auto legacyBegin = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;
constexpr std::int64_t legacyProtocol = 1001;

bool startsWith(Bytes bytes, std::string_view text)
{
    return bytes.size() >= text.size() &&
           std::string_view(reinterpret_cast<const char*>(bytes.data()), text.size()) == text;
}

/// The tensors of a dictionary with text keys; empty when it has none.
std::map<std::string, Array> tensorsOf(const PtDict& dict)
{
    std::map<std::string, Array> tensors;
    for (const auto& [key, value] : dict.items) {
        const auto* const name = key->as<std::string>();
        const auto* const tensor = value->as<PtTensor>();
        if (name != nullptr && tensor != nullptr)
            tensors.insert_or_assign(*name, tensor->array);
    }
    return tensors;
}

} // namespace

/// Reads one file: the objects first, then the storages that they name, then gives the tensors their memory.
class TorchFileReader {
public:
    TorchFileReader(Bytes bytes, std::shared_ptr<const void> owner, const std::string& name)
        : bytes_(bytes)
        , owner_(std::move(owner))
    {
        file_.name_ = name;
        file_.values_ = std::make_shared<std::deque<PtValue>>();
    }

    PtFile read()
    {
        if (startsWith(bytes_, zipBegin))
            readZip();
        else if (startsWith(bytes_, legacyBegin))
            readLegacy();
        else
            throw DataError(file_.name_ + (bytes_.empty() ? " is empty" : " is no file of torch.save") +
                            "; a checkpoint (.pt) or a .safetensors file is expected");
        giveMemory();
        return std::move(file_);
    }

private:
    [[noreturn]] void damaged(const std::string& what) const
    {
        throw DataError(file_.name_ + " is damaged or truncated: " + what + "; fetch it again");
    }

    void readZip()
    {
        std::map<std::string, ZipRecord> records;
        std::string folder;
        for (auto& record : readZipDirectory(bytes_, file_.name_)) {
            // All records lie in one folder, named after the file when it was saved.
            const auto slash = record.name.find('/');
            if (slash == std::string::npos)
                continue;
            if (folder.empty())
                folder = record.name.substr(0, slash + 1);
            if (record.name.starts_with(folder))
                records.emplace(record.name.substr(folder.size()), record);
        }
        const auto pickle = records.find("data.pkl");
        if (pickle == records.end())
            damaged("there is no data.pkl in it");
        if (records.contains("constants.pkl"))
            throw DataError(file_.name_ +
                            " is a TorchScript program, not a checkpoint; save its state_dict() with torch.save");
        if (const auto order = records.find("byteorder");
            order != records.end() && !startsWith(order->second.data, "little"))
            throw DataError(file_.name_ +
                            " was written by a big-endian machine, which is not read here; save it again on another");
        const auto checked = [this](const ZipRecord& record) {
            if (!record.checksumHolds())
                damaged(record.name + " does not have its checksum");
            return record.data;
        };
        std::size_t consumed = 0;
        file_.root_ = readPickle(checked(pickle->second), file_.name_, *file_.values_, consumed);
        for (auto& [key, storage] : storagesByKey()) {
            const auto record = records.find("data/" + key);
            if (record == records.end())
                damaged("the storage data/" + key + " is missing");
            setBytes(storage, checked(record->second));
        }
    }

    /// Pickles: magic number, protocol, system, object, storage keys; then per storage its number of elements and its
    /// bytes.
    void readLegacy()
    {
        std::size_t at = 0;
        const auto next = [&] {
            std::size_t consumed = 0;
            const auto* const value = readPickle(bytes_.subspan(at), file_.name_, *file_.values_, consumed);
            at += consumed;
            return value;
        };
        next();
        const auto* const protocol = next()->as<PtInteger>();
        if (protocol == nullptr || protocol->value != legacyProtocol)
            damaged("its protocol is not " + std::to_string(legacyProtocol));
        const auto* const system = next()->as<PtDict>();
        const auto* const order = system != nullptr ? system->find("little_endian") : nullptr;
        if (order == nullptr || order->as<bool>() == nullptr || !*order->as<bool>())
            throw DataError(file_.name_ +
                            " was written by a big-endian machine, which is not read here; save it again on another");
        file_.root_ = next();
        const auto* const keys = next()->as<PtSequence>();
        if (keys == nullptr)
            damaged("its list of storages is missing");
        auto storages = storagesByKey();
        for (const auto* const item : keys->items) {
            const auto* const key = item->as<std::string>();
            const auto found = key != nullptr ? storages.find(*key) : storages.end();
            if (found == storages.end())
                damaged("it holds a storage that no tensor names");
            std::int64_t elements = 0;
            if (bytes_.size() - at < sizeof elements)
                damaged("it ends before storage " + *key);
            std::memcpy(&elements, bytes_.data() + at, sizeof elements);
            at += sizeof elements;
            const auto& storage = *found->second.front();
            const auto size = static_cast<std::uint64_t>(storage.elements * bytesPerElement(storage.dtype));
            if (elements != storage.elements)
                damaged("storage " + *key + " has " + std::to_string(elements) + " elements instead of " +
                        std::to_string(storage.elements));
            if (bytes_.size() - at < size)
                damaged("it ends inside storage " + *key);
            setBytes(found->second, bytes_.subspan(at, size));
            at += size;
            storages.erase(found);
        }
        if (!storages.empty())
            damaged("storage " + storages.begin()->first + " is missing");
    }

    using Storages = std::vector<PtStorage*>;
    /// A storage is named once for each tensor on it.
    std::map<std::string, Storages> storagesByKey() const
    {
        std::map<std::string, Storages> byKey;
        for (auto& value : *file_.values_)
            if (auto* const storage = std::get_if<PtStorage>(&value.content))
                byKey[storage->key].push_back(storage);
        return byKey;
    }

    void setBytes(const Storages& storages, Bytes bytes)
    {
        for (auto* const storage : storages) {
            const auto expected = storage->elements * bytesPerElement(storage->dtype);
            if (static_cast<std::uint64_t>(expected) != bytes.size())
                damaged("storage " + storage->key + " has " + std::to_string(bytes.size()) + " bytes instead of " +
                        std::to_string(expected));
            storage->bytes = bytes;
        }
        byKey_[storages.front()->key] = bytes;
    }

    void giveMemory()
    {
        for (auto& value : *file_.values_) {
            auto* const tensor = std::get_if<PtTensor>(&value.content);
            if (tensor == nullptr)
                continue;
            // That the view lies inside its storage was checked when it was rebuilt.
            const auto offset = static_cast<std::size_t>(tensor->offset * bytesPerElement(tensor->array.dtype));
            tensor->array.bytes = byKey_.at(tensor->storage).subspan(offset);
            tensor->array.owner = owner_;
        }
    }

    Bytes bytes_;
    std::shared_ptr<const void> owner_;
    PtFile file_;
    std::map<std::string, Bytes> byKey_;
};

const PtValue* PtDict::find(const std::string& key) const
{
    for (const auto& [candidate, value] : items)
        if (const auto* const text = candidate->as<std::string>(); text != nullptr && *text == key)
            return value;
    return nullptr;
}

PtFile PtFile::read(const std::filesystem::path& file)
{
    const auto mapped = MappedFile::open(file);
    return parse(mapped->bytes(), mapped, file.string());
}

PtFile PtFile::parse(Bytes bytes, std::shared_ptr<const void> owner, const std::string& name)
{
    return TorchFileReader(bytes, std::move(owner), name).read();
}

std::map<std::string, Array> PtFile::stateDict() const
{
    constexpr std::array keys = {"model", "state_dict", "model_state_dict", "module", "ema"};
    constexpr int deepest = 3;
    std::map<std::string, Array> tensors;
    const auto* dict = root_->as<PtDict>();
    for (int depth = 0; dict != nullptr && depth < deepest; ++depth) {
        // What lies below a known key wins over tensors beside it, such as a step counter.
        if (auto found = tensorsOf(*dict); !found.empty())
            tensors = std::move(found);
        const PtDict* inner = nullptr;
        for (const auto* const key : keys)
            if (const auto* const value = dict->find(key); value != nullptr && inner == nullptr)
                inner = value->as<PtDict>();
        dict = inner;
    }
    if (!tensors.empty())
        return tensors;
    throw DataError(
        name_ + " holds no state dict: tensors by name are expected at its top or below \"model\" or \"state_dict\"");
}

} // namespace nanodit
