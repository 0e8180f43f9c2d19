#include "core/kernels/instruction_set.h"

namespace nanodit {

namespace {

std::optional<InstructionSet> asked;

std::vector<InstructionSet> findUsable()
{
    std::vector<InstructionSet> sets = {InstructionSet::Baseline};
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return sets;
    sets.push_back(InstructionSet::Avx2);
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return sets;
    sets.push_back(InstructionSet::Avx512);
    if (__builtin_cpu_supports("avx512bf16"))
        sets.push_back(InstructionSet::Avx512Bf16);
#endif
    return sets;
}

} // namespace

const std::vector<InstructionSet>& usableInstructionSets()
{
    static const auto sets = findUsable();
    return sets;
}

InstructionSet instructionSet()
{
    return asked.value_or(usableInstructionSets().back());
}

InstructionSetScope::InstructionSetScope(InstructionSet set)
    : before_(asked)
{
    asked = set;
}

InstructionSetScope::~InstructionSetScope()
{
    asked = before_;
}

const char* nameOf(InstructionSet set)
{
    switch (set) {
    case InstructionSet::Baseline:
        return "baseline";
    case InstructionSet::Avx2:
        return "AVX2";
    case InstructionSet::Avx512:
        return "AVX-512";
    case InstructionSet::Avx512Bf16:
        return "AVX-512 with bf16";
    }
    return "";
}

} // namespace nanodit
