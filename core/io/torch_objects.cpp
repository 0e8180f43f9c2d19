#include "core/io/torch_objects.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

/// What a pickle may call. Calling is a rule below; nothing is looked up or run.
enum class Callee {
    OrderedDict,
    DefaultDict,
    TensorV2,
    TensorV3,
    Parameter,
    Size,
    Device,
    Encode,
    Set,
    FrozenSet,
    ByteArray,
    Complex
};

struct NamedCallee {
    std::string_view name;
    Callee callee;
};
constexpr std::size_t bytesPerObject = 128;

constexpr std::array<NamedCallee, 22> callees = {{{"collections.OrderedDict", Callee::OrderedDict},
                                                  {"collections.Counter", Callee::OrderedDict},
                                                  {"collections.defaultdict", Callee::DefaultDict},
                                                  {"builtins.dict", Callee::OrderedDict},
                                                  {"__builtin__.dict", Callee::OrderedDict},
                                                  {"torch._utils._rebuild_tensor", Callee::TensorV2},
                                                  {"torch._utils._rebuild_tensor_v2", Callee::TensorV2},
                                                  {"torch._utils._rebuild_tensor_v3", Callee::TensorV3},
                                                  {"torch._utils._rebuild_parameter", Callee::Parameter},
                                                  {"torch._utils._rebuild_parameter_with_state", Callee::Parameter},
                                                  {"torch.nn.parameter.Parameter", Callee::Parameter},
                                                  {"torch.Size", Callee::Size},
                                                  {"torch.device", Callee::Device},
                                                  {"_codecs.encode", Callee::Encode},
                                                  {"builtins.set", Callee::Set},
                                                  {"__builtin__.set", Callee::Set},
                                                  {"builtins.frozenset", Callee::FrozenSet},
                                                  {"__builtin__.frozenset", Callee::FrozenSet},
                                                  {"builtins.bytearray", Callee::ByteArray},
                                                  {"__builtin__.bytearray", Callee::ByteArray},
                                                  {"builtins.complex", Callee::Complex},
                                                  {"__builtin__.complex", Callee::Complex}}};

struct NamedType {
    std::string_view storage, constant; ///< torch.FloatStorage, torch.float32
    DType dtype;
};
constexpr std::array<NamedType, 20> types = {{{"FloatStorage", "float32", DType::F32},
                                              {"DoubleStorage", "float64", DType::F64},
                                              {"HalfStorage", "float16", DType::F16},
                                              {"BFloat16Storage", "bfloat16", DType::BF16},
                                              {"LongStorage", "int64", DType::I64},
                                              {"IntStorage", "int32", DType::I32},
                                              {"ShortStorage", "int16", DType::I16},
                                              {"CharStorage", "int8", DType::I8},
                                              {"ByteStorage", "uint8", DType::U8},
                                              {"BoolStorage", "bool", DType::Bool},
                                              {"ComplexFloatStorage", "complex64", DType::C64},
                                              {"ComplexDoubleStorage", "complex128", DType::C128},
                                              {"UntypedStorage", "", DType::U8},
                                              {"", "uint16", DType::U16},
                                              {"", "uint32", DType::U32},
                                              {"", "uint64", DType::U64},
                                              {"", "float8_e4m3fn", DType::F8E4M3},
                                              {"", "float8_e5m2", DType::F8E5M2},
                                              {"", "half", DType::F16},
                                              {"", "float", DType::F32}}};

/// Python modules whose functions run programs, import code or open files and connections. No file of weights needs
/// one, and one that names it was made to do harm where it is unpickled.
constexpr std::array<std::string_view, 43> harmfulModules = {
    "os",        "posix",   "nt",      "subprocess", "sys",        "importlib", "runpy",           "shutil",
    "socket",    "pty",     "ctypes",  "_ctypes",    "webbrowser", "pickle",    "_pickle",         "dill",
    "joblib",    "marshal", "code",    "codeop",     "pip",        "commands",  "pydoc",           "platform",
    "threading", "pdb",     "bdb",     "asyncio",    "signal",     "tempfile",  "multiprocessing", "cloudpickle",
    "urllib",    "http",    "smtplib", "ftplib",     "requests",   "telnetlib", "timeit",          "trace",
    "cProfile",  "profile", "doctest"};
constexpr std::array<std::string_view, 18> harmfulInside = {"torch.load",
                                                            "torch.save",
                                                            "torch.hub.",
                                                            "torch.serialization.",
                                                            "torch.utils.cpp_extension.",
                                                            "torch.package",
                                                            "torch.jit.",
                                                            "numpy.load",
                                                            "numpy.testing.",
                                                            "numpy.f2py.",
                                                            "io.open",
                                                            "_io.open",
                                                            "io.FileIO",
                                                            "_io.FileIO",
                                                            "operator.attrgetter",
                                                            "imp.",
                                                            "zipimport.",
                                                            "operator.methodcaller"};
/// Of Python's own names, those that only make values.
constexpr std::array<std::string_view, 15> plainBuiltins = {"list",   "int",   "float", "str",     "bool",
                                                            "bytes",  "tuple", "slice", "range",   "xrange",
                                                            "object", "type",  "long",  "unicode", "Ellipsis"};

/// Classes of tensors that are nothing but their values.
constexpr std::array<std::string_view, 4> plainTensorClasses = {"torch.Tensor", "torch._tensor.Tensor",
                                                                "torch.nn.parameter.Buffer", "torch.nn.Parameter"};

bool contains(std::span<const std::string_view> names, std::string_view name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool runsPrograms(const std::string& module, const std::string& name)
{
    const auto package = std::string_view(module).substr(0, module.find('.'));
    if (package == "builtins" || package == "__builtin__")
        return !contains(plainBuiltins, name);
    const auto full = module + "." + name;
    return contains(harmfulModules, package) || name.find("__") != std::string::npos ||
           std::any_of(harmfulInside.begin(), harmfulInside.end(),
                       [&](std::string_view start) { return full.starts_with(start); });
}

/// The values that a UTF-8 text has as Latin-1, which is how Python 2 protocols carry bytes; empty when it has others.
std::optional<std::string> latin1From(const std::string& utf8)
{
    std::string bytes;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto lead = static_cast<unsigned char>(utf8[i]);
        if (lead < 0x80) {
            bytes += utf8[i];
        } else if ((lead == 0xc2 || lead == 0xc3) && i + 1 < utf8.size()) {
            bytes += static_cast<char>(((lead & 3u) << 6) | (static_cast<unsigned char>(utf8[++i]) & 0x3fu));
        } else {
            return std::nullopt;
        }
    }
    return bytes;
}

} // namespace

TorchObjects::TorchObjects(std::string name)
    : name_(std::move(name))
{
}

void TorchObjects::damaged(const std::string& what) const
{
    throw DataError(name_ + " is damaged or no file of torch.save: " + what + "; fetch it again");
}

void TorchObjects::refuse(const std::string& what) const
{
    throw DataError(name_ + " is refused: its pickle " + what +
                    ", which a file of weights does not need; if you trust its origin, load it in Python and save only "
                    "the state dict: torch.save(model.state_dict(), \"weights.pt\")");
}

void TorchObjects::spend(std::size_t amount)
{
    constexpr std::size_t most = 10'000'000; // Some 2 GB of objects.
    if (amount > most - spent_)
        damaged("it builds more objects than any file of weights");
    spent_ += amount;
}

PtValue TorchObjects::global(const std::string& module, const std::string& name) const
{
    const auto full = module + "." + name;
    for (const auto& known : callees)
        if (known.name == full)
            return {PtConstant{.text = full}};
    const bool storageModule = module == "torch" || module == "torch.cuda" || module == "torch.storage";
    for (const auto& type : types) {
        if (storageModule && !type.storage.empty() && name == type.storage)
            return {PtConstant{.text = "torch." + name}};
        if (module == "torch" && !type.constant.empty() && name == type.constant)
            return {PtConstant{.text = full}};
    }
    if (runsPrograms(module, name))
        refuse("names " + full);
    return {PtForeign{.name = full}};
}

PtValue TorchObjects::call(const PtConstant& callee, const PtSequence& arguments)
{
    const auto known = std::find_if(callees.begin(), callees.end(),
                                    [&](const NamedCallee& candidate) { return candidate.name == callee.text; });
    if (known == callees.end())
        damaged("its pickle calls " + callee.text);
    const Arguments given = arguments.items;
    switch (known->callee) {
    case Callee::OrderedDict:
        return dict(given);
    case Callee::DefaultDict: // Its first argument makes the values that are missing.
        return dict(given.subspan(std::min<std::size_t>(given.size(), 1)));
    case Callee::TensorV2:
        return tensor(given, false);
    case Callee::TensorV3:
        return tensor(given, true);
    case Callee::Parameter:
        return parameter(given);
    case Callee::Size:
        return sequence(given, PtSequence::Kind::Size);
    case Callee::Set:
        return sequence(given, PtSequence::Kind::Set);
    case Callee::FrozenSet:
        return sequence(given, PtSequence::Kind::FrozenSet);
    case Callee::Device:
        return device(given);
    case Callee::Encode:
        return encoded(given);
    case Callee::ByteArray:
        return byteArray(given);
    case Callee::Complex:
        return complex(given);
    }
    return {};
}

PtValue TorchObjects::callForeign(const PtForeign& callee, const PtValue& arguments)
{
    const auto* const given = arguments.as<PtSequence>();
    const auto classAt = [given](std::size_t index) {
        const auto* const type =
            given != nullptr && given->items.size() > index ? given->items[index]->as<PtForeign>() : nullptr;
        return type != nullptr ? type->name : std::string();
    };
    if (callee.name.starts_with("torch._tensor._rebuild_from_type")) { // (function, class, arguments, attributes)
        const auto* const rebuild =
            given != nullptr && given->items.size() >= 3 ? given->items[0]->as<PtConstant>() : nullptr;
        const auto* const inner = rebuild != nullptr ? given->items[2]->as<PtSequence>() : nullptr;
        const bool plain = contains(plainTensorClasses, classAt(1)) ||
                           (inner != nullptr && given->items[1]->as<PtConstant>() != nullptr);
        if (plain && inner != nullptr)
            return call(*rebuild, *inner);
        return {PtForeign{.name = classAt(1).empty() ? callee.name : classAt(1), .isTensor = true}};
    }
    if (callee.name == "torch._utils._rebuild_wrapper_subclass")
        return {PtForeign{.name = classAt(0).empty() ? callee.name : classAt(0), .isTensor = true}};
    const bool rebuildsTensor =
        callee.name.starts_with("torch._utils._rebuild_") && callee.name.find("tensor") != std::string::npos;
    return {PtForeign{.name = callee.name, .isTensor = rebuildsTensor}};
}

PtStorage TorchObjects::storage(const PtValue& persistentId) const
{
    const auto* const id = persistentId.as<PtSequence>();
    if (id == nullptr || id->items.size() < 5)
        damaged("its pickle refers to something other than a storage");
    const auto* const kind = id->items[0]->as<std::string>();
    const auto* const type = id->items[1]->as<PtConstant>();
    const auto* const key = id->items[2]->as<std::string>();
    const auto* const foreign = id->items[1]->as<PtForeign>();
    if (foreign != nullptr && foreign->name.starts_with("torch.Q"))
        throw DataError(name_ + " holds quantised tensors (" + foreign->name +
                        "), which are not read: take the model's float16, bfloat16 or float32 weights");
    if (foreign != nullptr)
        refuse("has storages of the type " + foreign->name);
    if (kind == nullptr || *kind != "storage" || type == nullptr || key == nullptr)
        damaged("its pickle refers to something other than a storage");
    if (id->items.size() > 5 && id->items[5]->as<PtNone>() == nullptr)
        refuse("has storages that are views of others, as PyTorch before 0.4 wrote them");
    PtStorage storage{.key = *key, .dtype = DType::U8, .elements = wholeNumber(*id->items[4]), .bytes = {}};
    const auto known = std::find_if(types.begin(), types.end(), [&](const NamedType& candidate) {
        return !candidate.storage.empty() && type->text == "torch." + std::string(candidate.storage);
    });
    if (known == types.end())
        damaged("a storage has the type " + type->text);
    storage.dtype = known->dtype;
    const std::array size = {storage.elements};
    if (!checkedProduct(size, bytesPerElement(storage.dtype)))
        damaged("a storage has " + std::to_string(storage.elements) + " elements");
    return storage;
}

PtValue TorchObjects::dict(Arguments given)
{
    PtDict made;
    if (given.empty())
        return {made};
    if (const auto* const other = given[0]->as<PtDict>(); other != nullptr && given.size() == 1) {
        spend(other->items.size());
        return {*other};
    }
    const auto* const pairs = given[0]->as<PtSequence>();
    if (pairs == nullptr || given.size() != 1)
        damaged("its pickle makes a dictionary of what is none");
    spend(pairs->items.size());
    for (const auto* const pair : pairs->items) {
        const auto* const both = pair->as<PtSequence>();
        if (both == nullptr || both->items.size() != 2)
            damaged("its pickle makes a dictionary of what are not pairs");
        made.items.emplace_back(both->items[0], both->items[1]);
    }
    return {made};
}

/// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata]); v3 gives the element type
/// behind the hooks, for an untyped storage; the oldest ends with the strides.
PtValue TorchObjects::tensor(Arguments given, bool typeIsGiven) const
{
    const auto* const storage = given.size() >= 4 ? given[0]->as<PtStorage>() : nullptr;
    if (storage == nullptr)
        damaged("a tensor has no storage");
    PtTensor made;
    made.storage = storage->key;
    made.offset = wholeNumber(*given[1]);
    made.array.dtype = storage->dtype;
    made.array.shape = wholeNumbers(*given[2]);
    made.array.strides = wholeNumbers(*given[3]);
    if (given.size() > 4 && given[4]->as<bool>() != nullptr)
        made.requiresGrad = *given[4]->as<bool>();
    auto elements = storage->elements;
    if (typeIsGiven) {
        const auto* const constant = given.size() >= 7 ? given[6]->as<PtConstant>() : nullptr;
        const auto known = std::find_if(types.begin(), types.end(), [&](const NamedType& candidate) {
            return constant != nullptr && !candidate.constant.empty() &&
                   constant->text == "torch." + std::string(candidate.constant);
        });
        if (known == types.end())
            damaged("a tensor has no element type");
        made.array.dtype = known->dtype;
        elements = elements * bytesPerElement(storage->dtype) / bytesPerElement(known->dtype);
    }
    requireInside(made, elements);
    return {made};
}

void TorchObjects::requireInside(const PtTensor& tensor, std::int64_t elements) const
{
    const auto& shape = tensor.array.shape;
    const auto& strides = tensor.array.strides;
    const auto described = "a tensor of shape " + shapeText(shape) + ", strides " + shapeText(strides) + ", offset " +
                           std::to_string(tensor.offset);
    if (shape.size() != strides.size() || tensor.offset < 0 ||
        !checkedProduct(shape, bytesPerElement(tensor.array.dtype)))
        damaged(described + " is impossible");
    std::int64_t last = tensor.offset;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        std::int64_t reach = 0;
        if (strides[axis] < 0)
            damaged(described + " is impossible");
        if (shape[axis] > 0 && (__builtin_mul_overflow(shape[axis] - 1, strides[axis], &reach) ||
                                __builtin_add_overflow(last, reach, &last)))
            damaged(described + " reaches beyond its storage of " + std::to_string(elements) + " elements");
    }
    const bool empty = tensor.array.elements() == 0;
    if (empty ? tensor.offset > elements : last >= elements)
        damaged(described + " reaches beyond its storage of " + std::to_string(elements) + " elements");
}

PtValue TorchObjects::parameter(Arguments given) const
{
    if (const auto* const foreign = given.empty() ? nullptr : given[0]->as<PtForeign>();
        foreign != nullptr && foreign->isTensor)
        return {*foreign};
    const auto* const data = given.size() >= 2 ? given[0]->as<PtTensor>() : nullptr;
    const auto* const requiresGrad = given.size() >= 2 ? given[1]->as<bool>() : nullptr;
    if (data == nullptr || requiresGrad == nullptr)
        damaged("its pickle makes a parameter of what is not a tensor");
    auto made = *data;
    made.isParameter = true;
    made.requiresGrad = *requiresGrad;
    return {made};
}

PtValue TorchObjects::sequence(Arguments given, PtSequence::Kind kind)
{
    PtSequence made{.kind = kind, .items = {}};
    if (!given.empty()) {
        const auto* const items = given[0]->as<PtSequence>();
        if (items == nullptr || given.size() != 1)
            damaged("its pickle makes a sequence of what is none");
        spend(items->items.size());
        made.items = items->items;
    }
    return {made};
}

PtValue TorchObjects::device(Arguments given) const
{
    const auto* const type = given.empty() ? nullptr : given[0]->as<std::string>();
    if (type == nullptr || type->size() > 100 || given.size() > 2)
        damaged("its pickle names a device without a type");
    const auto index = given.size() == 2 ? ", index=" + std::to_string(wholeNumber(*given[1])) : "";
    return {PtConstant{.text = "device(type='" + *type + "'" + index + ")"}};
}

PtValue TorchObjects::encoded(Arguments given)
{
    const auto* const text = given.size() == 2 ? given[0]->as<std::string>() : nullptr;
    const auto* const encoding = given.size() == 2 ? given[1]->as<std::string>() : nullptr;
    if (text == nullptr || encoding == nullptr || *encoding != "latin1")
        refuse("calls a text encoding other than latin1");
    spend(text->size() / bytesPerObject);
    auto bytes = latin1From(*text);
    if (!bytes)
        damaged("its pickle encodes a text that is not latin1");
    return {PtBytes{.bytes = std::move(*bytes), .isArray = false}};
}

PtValue TorchObjects::byteArray(Arguments given)
{
    PtBytes made{.bytes = {}, .isArray = true};
    if (!given.empty()) {
        const auto* const bytes = given[0]->as<PtBytes>();
        if (bytes == nullptr || given.size() != 1)
            damaged("its pickle makes a bytearray of what are not bytes");
        spend(bytes->bytes.size() / bytesPerObject);
        made.bytes = bytes->bytes;
    }
    return {made};
}

PtValue TorchObjects::complex(Arguments given) const
{
    const auto* const real = given.size() == 2 ? given[0]->as<double>() : nullptr;
    const auto* const imaginary = given.size() == 2 ? given[1]->as<double>() : nullptr;
    if (real == nullptr || imaginary == nullptr)
        damaged("its pickle makes a complex number of what are not numbers");
    return {std::complex<double>(*real, *imaginary)};
}

std::int64_t TorchObjects::wholeNumber(const PtValue& value) const
{
    const auto* const integer = value.as<PtInteger>();
    if (integer == nullptr || !integer->decimal.empty())
        damaged("its pickle has another thing where a whole number of 64 bits is expected");
    return integer->value;
}

std::vector<std::int64_t> TorchObjects::wholeNumbers(const PtValue& value) const
{
    const auto* const sequence = value.as<PtSequence>();
    constexpr std::size_t mostDimensions = 64;
    if (sequence == nullptr || sequence->items.size() > mostDimensions)
        damaged("a tensor has no proper shape");
    std::vector<std::int64_t> numbers;
    for (const auto* const item : sequence->items)
        numbers.push_back(wholeNumber(*item));
    return numbers;
}

} // namespace nanodit
