#include "core/io/torch_file.h"

#include "core/io/byte_text.h"
#include "core/io/file_kind.h"
#include "core/io/foreign_text.h"
#include "core/io/mapped_file.h"
#include "core/io/pickle.h"
#include "core/io/zip_directory.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <string_view>
#include <tuple>

namespace nanodit {

namespace {

using Bytes = std::span<const std::byte>;
using namespace std::string_view_literals;

constexpr auto zipBegin = "PK\x03\x04"sv;
constexpr std::int64_t legacyProtocol = 1001;

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

/// Keys under which people keep the weights themselves.
constexpr std::array usualKeys = {"model"sv,  "state_dict"sv, "model_state_dict"sv, "module"sv,  "net"sv,
                                  "params"sv, "weights"sv,    "generator"sv,        "network"sv, "transformer"sv};

bool isUsualKey(std::string_view key)
{
    return std::ranges::find(usualKeys, key) != usualKeys.end();
}

/// "ema", "model_ema", "params_ema", "ema_model", "state_dict_ema", "averaged"...
bool namesAverage(const std::string& place)
{
    return place.find("ema") != std::string::npos || place.find("EMA") != std::string::npos ||
           place.find("average") != std::string::npos || place.find("shadow") != std::string::npos ||
           place.find("swa") != std::string::npos;
}

bool namesOptimiser(const std::string& key)
{
    return key.starts_with("opt") || key.find("optimizer") != std::string::npos ||
           key.find("scheduler") != std::string::npos;
}

/// How far dictionaries are looked through. Objects may contain themselves, and one may lie in many places: a small
/// file can have more ways through it than there is time to go.
class WalkLimit {
public:
    explicit WalkLimit(const std::string& name)
        : name_(name)
    {
    }
    void enter(const PtDict& dict)
    {
        constexpr std::size_t most = 1'000'000;
        if (entered_.insert(&dict).second)
            return;
        again_ += dict.items.size() + 1;
        if (again_ > most)
            throw DataError(name_ + " holds the same dictionaries within others over and over, which no weights do: "
                                    "save only the state dict, torch.save(model.state_dict(), \"weights.pt\")");
    }

private:
    const std::string& name_;
    std::set<const PtDict*> entered_;
    std::size_t again_ = 0; ///< Entries of those that were entered before.
};

/// Below `value`, wherever text keys lead, through at most `deepest` dictionaries.
void collectStateDicts(const PtValue& value, const std::string& place, int deepest, WalkLimit& limit,
                       std::vector<StateDict>& found)
{
    const auto* const dict = value.as<PtDict>();
    if (dict == nullptr || deepest == 0)
        return;
    limit.enter(*dict);
    if (auto tensors = tensorsOf(*dict); !tensors.empty())
        found.push_back({.place = place, .tensors = std::move(tensors)});
    for (const auto& [key, inner] : dict->items) {
        const auto* const name = key->as<std::string>();
        if (name != nullptr && !namesOptimiser(*name))
            collectStateDicts(*inner, place.empty() ? *name : place + "." + *name, deepest - 1, limit, found);
    }
}

/// "model.a.weight (torchao.Int8Tensor)" for each tensor of a class of its own below `value`, as above.
void collectForeignTensors(const PtValue& value, const std::string& place, int deepest, WalkLimit& limit,
                           std::vector<std::string>& found)
{
    const auto* const dict = value.as<PtDict>();
    if (dict == nullptr || deepest == 0)
        return;
    limit.enter(*dict);
    for (const auto& [key, inner] : dict->items) {
        const auto* const name = key->as<std::string>();
        if (name == nullptr || namesOptimiser(*name))
            continue;
        const auto path = place.empty() ? *name : place + "." + *name;
        if (const auto* const foreign = inner->as<PtForeign>(); foreign != nullptr && foreign->isTensor)
            found.push_back(path + " (" + foreign->name + ")");
        else
            collectForeignTensors(*inner, path, deepest - 1, limit, found);
    }
}

/// Dictionaries within dictionaries that are looked through.
constexpr int deepestDict = 5;

/// The object itself or, of a list or tuple (weights, optimiser, epoch...), each of its first ones, with its place.
template<typename Visit>
void forEachRoot(const PtValue& object, const Visit& visit)
{
    constexpr std::size_t most = 16;
    const auto* const list = object.as<PtSequence>();
    if (list == nullptr)
        visit(object, std::string());
    for (std::size_t i = 0; list != nullptr && i < std::min(list->items.size(), most); ++i)
        visit(*list->items[i], std::to_string(i));
}

/// "a dictionary with the keys "epoch", "args"", for the sentence that refuses a file.
std::string described(const PtValue& value)
{
    if (const auto* const dict = value.as<PtDict>()) {
        constexpr std::size_t most = 12;
        std::string keys, whole, values;
        std::size_t count = 0;
        bool onlyForeign = true;
        for (const auto& [key, inner] : dict->items) {
            const auto* const name = key->as<std::string>();
            if (name == nullptr)
                continue;
            if (++count <= most)
                keys += (keys.empty() ? "\"" : ", \"") + name->substr(0, 60) + "\"";
            const auto* const foreign = inner->as<PtForeign>();
            if (whole.empty() && foreign != nullptr && (isUsualKey(*name) || namesAverage(*name)))
                whole = ", of which \"" + *name + "\" is a whole object of the class " + foreign->name +
                        ", not its state_dict()";
            if (foreign == nullptr)
                onlyForeign = false;
            else if (values.empty())
                values = foreign->name.starts_with("numpy.") ? ", whose values are arrays of NumPy, not tensors"
                                                             : ", whose values are of the class " + foreign->name;
        }
        if (count == 0)
            return dict->items.empty() ? "an empty dictionary" : "a dictionary without text keys";
        return "a dictionary with the keys " + keys +
               (count > most ? " and " + std::to_string(count - most) + " more" : "") +
               (whole.empty() && onlyForeign ? values : whole);
    }
    if (value.as<PtSequence>() != nullptr)
        return "a list";
    if (value.as<PtTensor>() != nullptr)
        return "a single tensor";
    if (const auto* const foreign = value.as<PtForeign>())
        return "a whole object of the class " + foreign->name + ", not its state_dict()";
    return "a single value";
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
        else if (fileKindOf(bytes_) == FileKind::PyTorchLegacy)
            readLegacy();
        else
            throw DataError(wrongKindMessage(file_.name_, fileKindOf(bytes_), "a file of torch.save"));
        giveMemory();
        return std::move(file_);
    }

private:
    [[noreturn]] void damaged(const std::string& what) const
    {
        throw DataError(file_.name_ + " is damaged or truncated: " + what + "; fetch it again");
    }

    /// A zip archive that torch.save did not write.
    [[noreturn]] void refuseArchive(const std::vector<ZipRecord>& records) const
    {
        constexpr std::size_t most = 3;
        constexpr std::array weightsEndings = {".safetensors"sv, ".pt"sv, ".pth"sv, ".ckpt"sv, ".bin"sv};
        std::string names, weights;
        std::size_t files = 0;
        for (const auto& record : records) {
            if (record.name.ends_with("/")) // a folder
                continue;
            if (record.name == "data.pkl" || record.name.ends_with("/data.pkl"))
                throw DataError(file_.name_ + " is a file of torch.save that was unpacked and packed again in another "
                                              "way, which cannot be read: fetch it again");
            if (++files <= most)
                names += (names.empty() ? "" : ", ") + printableText(record.name);
            if (weights.empty() && std::ranges::any_of(weightsEndings, [&record](std::string_view ending) {
                    return record.name.ends_with(ending);
                }))
                weights = printableText(record.name);
        }
        const auto list = names.empty() ? std::string() : " (" + names + (files > most ? "..." : "") + ")";
        throw DataError(file_.name_ + " is a ZIP archive of " + std::to_string(files) +
                        (files == 1 ? " file" : " files") + list + ", not a file of torch.save: unpack it" +
                        (weights.empty() ? " first" : ", and name " + weights));
    }

    void readZip()
    {
        std::map<std::string, ZipRecord> records;
        std::string folder;
        const auto all = readZipDirectory(bytes_, file_.name_);
        for (const auto& record : all) {
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
            refuseArchive(all);
        if (records.contains("constants.pkl"))
            throw DataError(file_.name_ +
                            " is a TorchScript program, not a checkpoint; save its state_dict() with torch.save");
        const auto checked = [this](const ZipRecord& record) {
            if (!record.fault.empty())
                throw DataError(file_.name_ + ": " + record.name + " in it " + record.fault +
                                ", as torch.save does not write it: fetch the file again, or save it with torch.save");
            if (!record.checksumHolds())
                damaged(record.name + " does not have its checksum");
            return record.data;
        };
        if (const auto order = records.find("byteorder");
            order != records.end() && !startsWith(checked(order->second), "little"))
            throw DataError(file_.name_ +
                            " was written by a big-endian machine, which is not read here; save it again on another");
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

std::vector<StateDict> PtFile::stateDicts() const
{
    std::vector<StateDict> found;
    WalkLimit limit(name_);
    forEachRoot(*root_, [&](const PtValue& root, const std::string& place) {
        collectStateDicts(root, place, deepestDict, limit, found);
    });
    if (const auto foreign = found.empty() ? foreignTensors() : std::vector<std::string>(); !foreign.empty())
        throw DataError(name_ + " holds no tensors that can be read, only " + std::to_string(foreign.size()) +
                        " of a class of their own, such as " + foreign.front() +
                        ": save them as plain tensors in Python, quantised ones with dequantize()");
    if (found.empty())
        throw DataError(name_ + " holds no state dict but " + described(*root_) +
                        ": a dictionary of tensors by name is expected, at the top or below a key such as \"model\"");
    const auto rank = [](const StateDict& dict) {
        const auto key = dict.place.substr(dict.place.rfind('.') + 1);
        return std::tuple(namesAverage(dict.place), !isUsualKey(key), -static_cast<std::int64_t>(dict.tensors.size()));
    };
    std::stable_sort(found.begin(), found.end(),
                     [&](const StateDict& a, const StateDict& b) { return rank(a) < rank(b); });
    return found;
}

std::map<std::string, Array> PtFile::stateDict() const
{
    return stateDicts().front().tensors;
}

std::vector<std::string> PtFile::foreignObjects() const
{
    std::set<std::string> names;
    for (const auto& value : *values_) {
        const auto* const foreign = value.as<PtForeign>();
        // How torch writes tensors that carry attributes is no object beside the weights.
        if (foreign != nullptr && !foreign->isTensor && foreign->name != "torch.Tensor" &&
            !foreign->name.starts_with("torch._tensor._rebuild_"))
            names.insert(foreign->name);
    }
    return {names.begin(), names.end()};
}

std::vector<std::string> PtFile::foreignTensors() const
{
    std::vector<std::string> found;
    WalkLimit limit(name_);
    forEachRoot(*root_, [&](const PtValue& root, const std::string& place) {
        collectForeignTensors(root, place, deepestDict, limit, found);
    });
    return found;
}

} // namespace nanodit
