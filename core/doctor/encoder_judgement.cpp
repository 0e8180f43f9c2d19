#include "core/doctor/judges.h"
#include "core/io/size_text.h"
#include "core/runtime/number_text.h"

namespace nanodit {

void judgeEncoder(const DoctorFacts& facts, const EncoderFacts& encoder, Findings& findings)
{
    const auto area = "encoder" + (encoder.role.empty() ? "" : " " + encoder.role);
    if (!encoder.problems.empty()) {
        for (const auto& problem : encoder.problems)
            findings.add(area, Health::Wrong, problem,
                         encoder.role.empty() ? std::vector<std::string>()
                                              : std::vector{"Or name another folder as encoders." + encoder.role +
                                                            " in workspace.yaml."});
        return;
    }
    auto text = encoder.folder.string() + ": " + encoder.kind;
    if (!encoder.description.empty())
        text += ", " + encoder.description;
    if (encoder.parameters > 0)
        text += "; " + decimalText(static_cast<double>(encoder.parameters) / 1e6, 1) + " M parameters in " +
                encoder.precision;
    text += ", " + sizeText(encoder.bytes);
    if (encoder.bytesRead > 0)
        text += (encoder.bytesRead == encoder.bytesUsed
                     ? ""
                     : ", of which " + sizeText(encoder.bytesRead) + " could be read in the time for that") +
                std::string(", without NaN or infinite values");
    if (encoder.memoryNeeded > 0)
        text += "; needs " + sizeText(encoder.memoryNeeded) + " of memory for " + encoder.memoryFor;
    const auto asked = gpuAskedFor(facts.device);
    if (asked && static_cast<std::size_t>(*asked) < facts.gpu.devices.size() && facts.torch.cudaDevices > 0) {
        // There the weights are held, too.
        const auto device = facts.gpu.devices[static_cast<std::size_t>(*asked)].memory;
        if (encoder.bytes + encoder.memoryNeeded > device)
            findings.add(area, Health::Wrong,
                         text + ", with its weights more than the " + sizeText(device) + " of the GPU",
                         {"Preprocess with --device cpu, or on a GPU with more memory.", "Use a smaller encoder."});
        else
            findings.add(area, Health::Good, text);
        return;
    }
    const auto& machine = facts.machine;
    const auto usable = machine.usableMemory();
    const bool limited = machine.limits.memory && usable < machine.memory;
    if (encoder.memoryNeeded > usable)
        findings.add(
            area, Health::Wrong,
            text + ", more than the " + sizeText(usable) + " that this process may use" +
                (limited ? " (" + machine.limits.memory->file.string() + ")" : ""),
            limited ? std::vector<std::string>{"A container or a batch system set the limit: ask it for more (docker "
                                               "run --memory, sbatch --mem, MemoryMax= of systemd).",
                                               "Use a smaller encoder, or smaller buckets in workspace.yaml."}
                    : std::vector<std::string>{"Use a smaller encoder, smaller buckets in workspace.yaml, or a machine "
                                               "with more memory."});
    else if (encoder.bytes + encoder.memoryNeeded > usable)
        findings.add(
            area, Health::Note, text + "; its weights do not fit beside that",
            {"They are then read from the disk again for every batch, which is slow: allow more memory, or use a "
             "smaller encoder."});
    else if (encoder.memoryNeeded > machine.availableMemory())
        findings.add(area, Health::Note,
                     text + ", more than the " + sizeText(machine.availableMemory()) + " that are free now",
                     {"Close other programs before preprocessing."});
    else
        findings.add(area, Health::Good, text);
}

} // namespace nanodit
