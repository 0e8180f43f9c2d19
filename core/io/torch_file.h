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
/// A class or function that weights do not consist of, or what it would have made ("argparse.Namespace"): known by its
/// name alone. Nothing of it was looked up, made or run, and what was given to it is forgotten.
struct PtForeign {
    std::string name;
    bool isTensor = false; ///< It would have made a tensor of a class of its own, `name`.
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
                 PtConstant, PtForeign, PtStorage, PtTensor>
        content;

    template<typename Type>
    const Type* as() const
    {
        return std::get_if<Type>(&content);
    }
};

/// The weights of one model in a file that may hold several: the current ones, an average of them.
struct StateDict {
    std::string place; ///< The keys that lead to it: "model", "checkpoint.ema"; "" at the top, "0" first in a list.
    std::map<std::string, Array> tensors; ///< By name; never empty.
};

/// What torch.save wrote, read without executing anything: what state dicts consist of is built by rules, other objects
/// stay PtForeign, and a file that names what runs programs (os.system, eval) is refused. Both the zip format and the
/// one before PyTorch 1.6. Tensors lie in the mapped file.
class PtFile {
public:
    /// Throws DataError with one sentence: truncated, damaged, no .pt file, a file that was made to do harm.
    static PtFile read(const std::filesystem::path& file);
    /// The same from memory that `owner` keeps alive; `name` stands in messages.
    static PtFile parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, const std::string& name);

    const PtValue& root() const { return *root_; }
    /// Every dictionary of tensors by name, wherever it lies (in a list or tuple, too), but for the state of
    /// optimisers; the one that is most likely meant first: below a usual key ("model", "state_dict"...), the current
    /// weights before averages, more tensors before fewer. Throws DataError that lists what is there when there is
    /// none.
    std::vector<StateDict> stateDicts() const;
    /// The tensors of the first of them.
    std::map<std::string, Array> stateDict() const;
    /// Names of what was left uninterpreted, each once: "argparse.Namespace".
    std::vector<std::string> foreignObjects() const;
    /// Tensors of classes of their own, sparse and quantised ones, which are not read: "model.a.weight (torchao.Int8)".
    std::vector<std::string> foreignTensors() const;

private:
    friend class TorchFileReader;
    std::string name_;
    std::shared_ptr<std::deque<PtValue>> values_; ///< All objects; references between them do not own.
    const PtValue* root_ = nullptr;
};

} // namespace nanodit
