#pragma once

#include "core/io/array.h"

#include <complex>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nanodit {

struct PtValue;

struct PtNone {};
/// A Python integer of any size.
struct PtInteger {
    std::int64_t value = 0; ///< 0 when it does not fit in 64 bits.
    std::string decimal;    ///< Its digits then, else empty.
};
struct PtBytes {
    std::string bytes;
    bool isArray = false; ///< bytearray
};
/// list, tuple, torch.Size, set, frozenset
struct PtSequence {
    enum class Kind { List, Tuple, Size, Set, FrozenSet } kind = Kind::List;
    std::vector<const PtValue*> items;
};
/// dict, OrderedDict, in the order of the file.
struct PtDict {
    std::vector<std::pair<const PtValue*, const PtValue*>> items;
    /// Null when there is no such text key.
    const PtValue* find(const std::string& key) const;
};
/// A constant: "torch.float16", "device(type='cpu')".
struct PtConstant {
    std::string text;
};
/// The memory under tensors.
struct PtStorage {
    std::string key;
    DType dtype = DType::U8;
    std::int64_t elements = 0;
    std::span<const std::byte> bytes;
};
/// A view of a storage; several may share one.
struct PtTensor {
    Array array;             ///< Strided, in the mapped file.
    std::string storage;     ///< Key of its storage.
    std::int64_t offset = 0; ///< In elements.
    bool requiresGrad = false;
    bool isParameter = false;
};

/// A Python object. Objects may be shared and may even contain themselves: whoever walks them bounds the depth.
struct PtValue {
    std::variant<PtNone, bool, PtInteger, double, std::complex<double>, std::string, PtBytes, PtSequence, PtDict,
                 PtConstant, PtStorage, PtTensor>
        content;

    template<typename Type>
    const Type* as() const
    {
        return std::get_if<Type>(&content);
    }
};

/// What torch.save wrote, read without executing anything: the pickle in it may name only what state dicts consist of,
/// and anything else is refused. Both the zip format and the one before PyTorch 1.6. Tensors lie in the mapped file.
class PtFile {
public:
    /// Throws DataError with one sentence: truncated, damaged, no .pt file, an object that is not allowed.
    static PtFile read(const std::filesystem::path& file);
    /// The same from memory that `owner` keeps alive; `name` stands in messages.
    static PtFile parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, const std::string& name);

    const PtValue& root() const { return *root_; }
    /// The tensors of the state dict in it by name: the root itself, or below the keys "model", "state_dict", "module",
    /// "model_state_dict" or "ema". Throws DataError when there is none.
    std::map<std::string, Array> stateDict() const;

private:
    friend class TorchFileReader;
    std::string name_;
    std::shared_ptr<std::deque<PtValue>> values_; ///< All objects; references between them do not own.
    const PtValue* root_ = nullptr;
};

} // namespace nanodit
