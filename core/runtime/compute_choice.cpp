#include "core/runtime/compute_choice.h"

#include "core/runtime/error.h"
#include "core/runtime/machine.h"

#include <algorithm>
#include <cctype>

namespace nanodit {

namespace {

/// "cuda", or "cuda:" and a number of at most three digits.
bool isNameOf(const std::string& kind, const std::string& device)
{
    if (!device.starts_with(kind))
        return false;
    const auto rest = device.substr(kind.size());
    return rest.empty() || (rest[0] == ':' && rest.size() > 1 && rest.size() <= 4 &&
                            std::all_of(rest.begin() + 1, rest.end(), [](unsigned char c) { return std::isdigit(c); }));
}

} // namespace

std::string nameOf(Precision precision)
{
    return precision == Precision::Bf16 ? "bf16" : "float32";
}

Precision precisionFromName(const std::string& name)
{
    for (const auto precision : {Precision::Float32, Precision::Bf16}) {
        if (nameOf(precision) == name)
            return precision;
    }
    throw UsageError("the precision \"" + name + "\" is unknown: use float32 or bf16");
}

void checkSpelling(const ComputeChoice& choice)
{
    if (choice.threads < 0)
        throw UsageError("the number of threads must be 0 (as many as cores) or more, but is " +
                         std::to_string(choice.threads));
    const auto& device = choice.device;
    if (device != "auto" && device != "cpu" && !isNameOf("cuda", device) && !isNameOf("privateuseone", device))
        throw UsageError("the device \"" + device +
                         "\" is unknown: use auto, cpu, cuda or cuda:N, where N is the number of a GPU");
}

int threadsOf(const ComputeChoice& choice)
{
    return choice.threads > 0 ? choice.threads : usableCores();
}

} // namespace nanodit
