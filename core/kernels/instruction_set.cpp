#include "core/kernels/instruction_set.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace nanodit {

namespace {

std::optional<InstructionSet> asked;

/// Whether the processor has tiles of bf16 and the system lets this process use them, which Linux must be asked for
/// (Documentation/arch/x86/xstate.rst of its source).
bool mayUseTiles()
{
#if defined(__x86_64__) && defined(__linux__)
    constexpr long requestPermission = 0x1023, tileData = 18;
    unsigned int a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0)
        return false;
    const bool tiles = (d >> 24 & 1U) != 0, ofBf16 = (d >> 22 & 1U) != 0;
    return tiles && ofBf16 && syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
    return false;
#endif
}

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
    if (!__builtin_cpu_supports("avx512bf16"))
        return sets;
    sets.push_back(InstructionSet::Avx512Bf16);
    if (mayUseTiles())
        sets.push_back(InstructionSet::Amx);
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
    case InstructionSet::Amx:
        return "AMX";
    }
    return "";
}

} // namespace nanodit
