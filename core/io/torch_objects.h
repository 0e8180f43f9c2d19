#pragma once

#include "core/io/torch_file.h"

#include <cstddef>
#include <span>
#include <string>

namespace nanodit {

/// The Python objects that files of torch.save may name, and the rules by which they are built here. Nothing is
/// imported or executed; what is not in the tables stays a PtForeign, and names of what runs programs are refused with
/// a DataError.
class TorchObjects {
public:
    /// `name` stands in messages.
    explicit TorchObjects(std::string name);

    /// A function, a class or a constant: PtConstant where a rule knows it, else PtForeign.
    PtValue global(const std::string& module, const std::string& name) const;
    /// What calling such a constant gives.
    PtValue call(const PtConstant& callee, const PtSequence& arguments);
    /// What calling a function or class that is none of ours would have made: known by its name alone. A tensor that
    /// torch wrapped for the sake of its attributes is that tensor.
    PtValue callForeign(const PtForeign& callee, const PtValue& arguments);
    /// The storage that a persistent id names: ("storage", type, key, location, elements), its bytes not yet there.
    PtStorage storage(const PtValue& persistentId) const;

    /// Bounds the memory that a small file can ask for by copying the same things again and again.
    void spend(std::size_t amount);
    [[noreturn]] void damaged(const std::string& what) const;
    [[noreturn]] void refuse(const std::string& what) const;

private:
    using Arguments = std::span<const PtValue* const>;
    PtValue dict(Arguments given);
    PtValue tensor(Arguments given, bool typeIsGiven) const;
    PtValue parameter(Arguments given) const;
    PtValue sequence(Arguments given, PtSequence::Kind kind);
    PtValue device(Arguments given) const;
    PtValue encoded(Arguments given);
    PtValue byteArray(Arguments given);
    PtValue complex(Arguments given) const;
    std::int64_t wholeNumber(const PtValue& value) const;
    std::vector<std::int64_t> wholeNumbers(const PtValue& value) const;
    void requireInside(const PtTensor& tensor, std::int64_t elements) const;

    std::string name_;
    std::size_t spent_ = 0;
};

} // namespace nanodit
