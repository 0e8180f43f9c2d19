#include "core/doctor/judges.h"
#include "core/io/size_text.h"
#include "core/runtime/number_text.h"

namespace nanodit {

namespace {

constexpr std::int64_t gigabyte = 1'000'000'000;
/// The demo's training holds about this much; with less nothing can be done.
constexpr std::int64_t leastMemory = gigabyte;
constexpr std::int64_t leastDisk = gigabyte;
/// Of the base configuration: weights, average and two moments in float32, of which the newest is written before the
/// oldest goes.
constexpr std::int64_t comfortableDisk = 15 * gigabyte;

void judgeCores(const DoctorFacts& facts, Findings& findings)
{
    const auto& machine = facts.machine;
    const auto usable = machine.usableCores();
    auto text = (machine.processor.empty() ? std::string("a processor") : machine.processor) + ", " +
                counted(machine.cores, "core");
    if (usable < machine.cores)
        text += ", of which this process may use " + std::to_string(usable) +
                (machine.limits.cores ? " (" + machine.limits.cores->file.string() + ")" : "");
    if (!machine.system.empty())
        text += "; " + machine.system;
    if (facts.torch.threads > usable)
        findings.add("machine", Health::Note, text + "; " + counted(facts.torch.threads, "compute thread"),
                     {"More threads than cores wait for each other: use --threads " + std::to_string(usable) + "."});
    else
        findings.add("machine", Health::Good, text + "; " + counted(facts.torch.threads, "compute thread"));
}

void judgeMemory(const Machine& machine, Findings& findings)
{
    const auto usable = machine.usableMemory();
    const bool limited = machine.limits.memory && usable < machine.memory;
    auto text = sizeText(machine.memory);
    if (limited)
        text +=
            ", of which this process may use " + sizeText(usable) + " (" + machine.limits.memory->file.string() + ")";
    text += "; " + sizeText(machine.availableMemory()) + " are free";
    const std::vector<std::string> raise = {
        "A container or a batch system set the limit: ask it for more (docker run --memory, sbatch --mem, MemoryMax= "
        "of systemd)."};
    if (usable < leastMemory)
        findings.add("memory", Health::Wrong, text + "; the demo's training alone needs about " + sizeText(leastMemory),
                     limited ? raise : std::vector<std::string>{"Work on a machine with more memory."});
    else if (machine.availableMemory() < leastMemory)
        findings.add(
            "memory", Health::Note, text,
            {"Other programs use it: close some, or expect the system to swap, or to end the largest program."});
    else
        findings.add("memory", Health::Good, text);
}

void judgeDisk(const DiskFacts& disk, Findings& findings)
{
    const auto text = disk.folder.string() + ": " + sizeText(disk.free) + " of " + sizeText(disk.size) + " are free";
    if (!disk.writable)
        findings.add("disk", Health::Wrong, disk.folder.string() + " cannot be written to",
                     {"The folder belongs to another user: take a copy, or ask for permission to write.",
                      "The file system is mounted for reading only: name a workspace elsewhere with --workspace."});
    else if (disk.free < leastDisk)
        findings.add(
            "disk", Health::Wrong, text + "; a checkpoint or a shard may not fit",
            {"Old runs fill it: \"nanodit runs\" lists their sizes; remove what is not needed.",
             "The disk is full of other things: free some, or name a workspace on another disk with --workspace."});
    else if (disk.network)
        findings.add(
            "disk", Health::Note, text + "; it is a network file system",
            {"data/catalog.sqlite needs locks that network file systems do not always keep: let one machine at a time "
             "change the workspace, or put it on a local disk."});
    else if (disk.free < comfortableDisk)
        findings.add(
            "disk", Health::Note, text,
            {"Enough for the demo; the checkpoints of a base model take 3 GB each: free more, or lower saving.keep."});
    else
        findings.add("disk", Health::Good, text);
}

} // namespace

void judgeMachine(const DoctorFacts& facts, Findings& findings)
{
    judgeCores(facts, findings);
    judgeMemory(facts.machine, findings);
    judgeDisk(facts.disk, findings);
}

} // namespace nanodit
