#pragma once

#include <optional>
#include <vector>

namespace nanodit {

/// The instructions that a hand-made CPU kernel is compiled for, fewest first. The text of a kernel is compiled once
/// for each, in a file of its own that holds nothing else, and the program takes the best that the processor has.
enum class InstructionSet {
    Baseline,   ///< What every processor of the architecture has.
    Avx2,       ///< With fused multiply-add.
    Avx512,     ///< F, BW, DQ, VL.
    Avx512Bf16, ///< With dot products of bf16 pairs.
    Amx,        ///< And products of tiles of bf16.
};

/// Those that this program was compiled for and this processor has, fewest first.
const std::vector<InstructionSet>& usableInstructionSets();

/// The best of them, or the one that an InstructionSetScope asks for.
InstructionSet instructionSet();

/// While it lives, kernels take this set: for tests and comparisons. Not for use from several threads at once.
class InstructionSetScope {
public:
    explicit InstructionSetScope(InstructionSet set);
    ~InstructionSetScope();
    InstructionSetScope(const InstructionSetScope&) = delete;
    InstructionSetScope& operator=(const InstructionSetScope&) = delete;

private:
    std::optional<InstructionSet> before_;
};

/// "baseline", "AVX2", "AVX-512", "AVX-512 with bf16" or "AMX".
const char* nameOf(InstructionSet set);

} // namespace nanodit
