#include "core/doctor/judgement.h"

#include "core/io/size_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

namespace nanodit {

namespace {

constexpr std::int64_t gigabyte = 1'000'000'000;
/// The demo's training holds about this much; with less nothing can be done.
constexpr std::int64_t leastMemory = gigabyte;
constexpr std::int64_t leastDisk = gigabyte;
/// Of the base configuration: weights, average and two moments in float32, of which the newest is written before the
/// oldest goes.
constexpr std::int64_t comfortableDisk = 15 * gigabyte;
/// A product of matrices on one thread: the reference BLAS makes one to three, OpenBLAS and MKL from ten on.
constexpr double slowestGoodRate = 6e9;
constexpr int oldestDriverMajorOf12 = 525, oldestDriverMajorOf13 = 580;

std::string number(double value, int decimals)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

std::string few(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.2g", value);
    return text;
}

std::string counted(std::int64_t count, const std::string& one)
{
    return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::string listed(const std::vector<std::filesystem::path>& files)
{
    std::string text;
    for (std::size_t i = 0; i < files.size(); ++i)
        text += (i == 0 ? "" : i + 1 == files.size() ? " and " : ", ") + files[i].string();
    return text;
}

/// "12.8" -> 12; 0 for none.
int majorOf(const std::string& version)
{
    int value = 0;
    std::istringstream in(version);
    in >> value;
    return value;
}

/// "2.6.0" -> "2.6": within a minor version LibTorch's layout stays.
std::string minorOf(const std::string& version)
{
    return version.substr(0, version.find('.', version.find('.') + 1));
}

/// "cuda" -> 0, "cuda:1" -> 1, anything else -> none.
std::optional<int> gpuAskedFor(const ComputeChoice& choice)
{
    if (choice.device == "cuda")
        return 0;
    if (choice.device.starts_with("cuda:"))
        return majorOf(choice.device.substr(5));
    return std::nullopt;
}

class Judge {
public:
    explicit Judge(const DoctorFacts& facts)
        : facts_(facts)
    {
    }
    std::vector<Finding> findings()
    {
        judgeMachine();
        judgeMemory();
        judgeDisk();
        judgeTorch();
        judgeBlas();
        judgeOpenMp();
        judgeGpu();
        judgeWorkspace();
        for (const auto& encoder : facts_.encoders)
            judgeEncoder(encoder);
        for (const auto& proof : facts_.proofs)
            judgeProof(proof);
        return std::move(findings_);
    }

private:
    void add(std::string area, Health health, std::string text, std::vector<std::string> remedies = {},
             std::optional<Remedy> remedy = {})
    {
        findings_.push_back({.area = std::move(area),
                             .health = health,
                             .text = std::move(text),
                             .remedies = std::move(remedies),
                             .remedy = remedy});
    }

    void judgeMachine();
    void judgeMemory();
    void judgeDisk();
    void judgeTorch();
    void judgeBlas();
    void judgeOpenMp();
    void judgeGpu();
    void judgeGpuOfCpuBuild(bool asked);
    void judgeGpuUnseen(bool asked);
    void judgeWorkspace();
    void judgeEncoder(const EncoderFacts& encoder);
    void judgeProof(const ProofFacts& proof);
    std::string blasText() const;
    std::string gpuText() const;
    std::string preloaded(const char* what) const;

    const DoctorFacts& facts_;
    std::vector<Finding> findings_;
};

void Judge::judgeMachine()
{
    const auto& machine = facts_.machine;
    const auto usable = machine.usableCores();
    auto text = (machine.processor.empty() ? std::string("a processor") : machine.processor) + ", " +
                counted(machine.cores, "core");
    if (usable < machine.cores)
        text += ", of which this process may use " + std::to_string(usable) +
                (machine.limits.cores ? " (" + machine.limits.cores->file.string() + ")" : "");
    if (!machine.system.empty())
        text += "; " + machine.system;
    if (facts_.torch.threads > usable)
        add("machine", Health::Note, text + "; " + counted(facts_.torch.threads, "compute thread"),
            {"More threads than cores wait for each other: use --threads " + std::to_string(usable) + "."});
    else
        add("machine", Health::Good, text + "; " + counted(facts_.torch.threads, "compute thread"));
}

void Judge::judgeMemory()
{
    const auto& machine = facts_.machine;
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
        add("memory", Health::Wrong, text + "; the demo's training alone needs about " + sizeText(leastMemory),
            limited ? raise : std::vector<std::string>{"Work on a machine with more memory."});
    else if (machine.availableMemory() < leastMemory)
        add("memory", Health::Note, text,
            {"Other programs use it: close some, or expect the system to swap, or to end the largest program."});
    else
        add("memory", Health::Good, text);
}

void Judge::judgeDisk()
{
    const auto& disk = facts_.disk;
    const auto text = disk.folder.string() + ": " + sizeText(disk.free) + " of " + sizeText(disk.size) + " are free";
    if (!disk.writable)
        add("disk", Health::Wrong, disk.folder.string() + " cannot be written to",
            {"The folder belongs to another user: take a copy, or ask for permission to write.",
             "The file system is mounted for reading only: name a workspace elsewhere with --workspace."});
    else if (disk.free < leastDisk)
        add("disk", Health::Wrong, text + "; a checkpoint or a shard may not fit",
            {"Old runs fill it: \"nanodit runs\" lists their sizes; remove what is not needed.",
             "The disk is full of other things: free some, or name a workspace on another disk with --workspace."});
    else if (disk.network)
        add("disk", Health::Note, text + "; it is a network file system",
            {"data/catalog.sqlite needs locks that network file systems do not always keep: let one machine at a time "
             "change the workspace, or put it on a local disk."});
    else if (disk.free < comfortableDisk)
        add("disk", Health::Note, text,
            {"Enough for the demo; the checkpoints of a base model take 3 GB each: free more, or lower saving.keep."});
    else
        add("disk", Health::Good, text);
}

std::string Judge::preloaded(const char* what) const
{
    const auto& torch = facts_.torch;
    if (!torch.preload.empty())
        return "LD_PRELOAD (" + torch.preload + ") brings " + what + ": unset it.";
    if (!torch.libraryPath.empty())
        return "LD_LIBRARY_PATH (" + torch.libraryPath + ") leads to " + what + ": unset it.";
    return {};
}

void Judge::judgeTorch()
{
    const auto& torch = facts_.torch;
    auto text = "LibTorch " + (torch.loaded.empty() ? torch.built : torch.loaded);
    if (!torch.libraries.torch.empty())
        text += " in " + torch.libraries.torch.front().parent_path().string();
    text += torch.cuda.empty() ? ", for the CPU" : ", for CUDA " + torch.cuda;
    if (!torch.kernels.empty())
        text += ", kernels for " + torch.kernels;

    std::vector<std::string> remedies;
    if (auto brought = preloaded("another LibTorch"); !brought.empty())
        remedies.push_back(std::move(brought));
    remedies.emplace_back("LibTorch was replaced or upgraded after the program was built: build it again "
                          "(packaging/start does that).");
    if (torch.libraries.torch.size() > 1 || torch.libraries.c10.size() > 1) {
        const auto& files = torch.libraries.torch.size() > 1 ? torch.libraries.torch : torch.libraries.c10;
        add("LibTorch", Health::Wrong, "two LibTorch's are in this process: " + listed(files), remedies);
    } else if (!torch.loaded.empty() && minorOf(torch.loaded) != minorOf(torch.built)) {
        add("LibTorch", Health::Wrong,
            text + "; but the program was built with " + torch.built +
                ", whose layout in memory is another one: results may be wrong, or the program may end",
            remedies);
    } else {
        add("LibTorch", Health::Good, text);
    }
}

std::string Judge::blasText() const
{
    const auto& torch = facts_.torch;
    const auto& blas = torch.blas;
    std::string text = "an unknown BLAS";
    if (torch.mkl)
        text = "MKL, within LibTorch";
    else if (blas.kind == LoadedBlas::Kind::OpenBlas)
        text = blas.description.empty() ? "OpenBLAS" : blas.description;
    else if (blas.kind == LoadedBlas::Kind::Mkl)
        text = "MKL";
    else if (blas.kind == LoadedBlas::Kind::Blis)
        text = "BLIS";
    if (!torch.mkl && !blas.file.empty())
        text += " (" + blas.file.string() + ")";
    if (torch.float32Rate > 0)
        text += ", " + number(torch.float32Rate / 1e9, 0) + " GFLOP/s in float32";
    if (torch.bf16Rate > 0)
        text += " and " + number(torch.bf16Rate / 1e9, 0) + " in bf16";
    return text;
}

void Judge::judgeBlas()
{
    const auto& torch = facts_.torch;
    const auto& blas = torch.blas;
    const bool known = torch.mkl || blas.kind != LoadedBlas::Kind::Unknown;
    const double each = torch.float32Rate / std::max(1, torch.threads);
    std::vector<std::string> remedies;
    if (auto brought = preloaded("another BLAS"); !brought.empty())
        remedies.push_back(std::move(brought));
    if (!known && (torch.float32Rate == 0 || each < slowestGoodRate)) {
        remedies.emplace_back("OpenBLAS is not installed: install the Debian package libopenblas0-openmp and build "
                              "again.");
        remedies.emplace_back("The system's alternatives prefer the reference BLAS: \"update-alternatives --config "
                              "libblas.so.3-x86_64-linux-gnu\" chooses OpenBLAS.");
        add("BLAS", Health::Wrong, blasText() + ": the reference BLAS, tens of times slower than OpenBLAS",
            std::move(remedies));
    } else if (!torch.mkl && blas.kind == LoadedBlas::Kind::OpenBlas && blas.threads == LoadedBlas::Threads::Own) {
        remedies.emplace_back("The build of OpenBLAS on pthreads is installed: install the Debian package "
                              "libopenblas0-openmp and build again.");
        add("BLAS", Health::Wrong,
            blasText() + ": built on threads of its own, which compete with LibTorch's for the cores",
            std::move(remedies));
    } else if (!torch.mkl && blas.kind == LoadedBlas::Kind::OpenBlas && blas.threads == LoadedBlas::Threads::None &&
               torch.threads > 1) {
        remedies.emplace_back("The serial build of OpenBLAS is installed: install the Debian package "
                              "libopenblas0-openmp and build again.");
        add("BLAS", Health::Wrong, blasText() + ": built for one thread, so the other cores rest", std::move(remedies));
    } else {
        add("BLAS", Health::Good, blasText());
    }
}

void Judge::judgeOpenMp()
{
    const auto& runtimes = facts_.torch.libraries.openMp;
    if (runtimes.size() > 1) {
        std::vector<std::string> remedies;
        if (auto brought = preloaded("one of them"); !brought.empty())
            remedies.push_back(std::move(brought));
        remedies.emplace_back("LibTorch brings an OpenMP of its own and the program was linked with the system's: "
                              "build against that LibTorch with packaging/start --torch DIR, which takes its OpenMP.");
        remedies.emplace_back("A BLAS or another library was built by another compiler: use the one that belongs to "
                              "LibTorch.");
        add("OpenMP", Health::Wrong,
            counted(static_cast<std::int64_t>(runtimes.size()), "OpenMP runtime") +
                " are in this process: " + listed(runtimes) +
                ". Each keeps threads of its own for every core, so they compete, and --threads sets those of one "
                "only",
            std::move(remedies));
    } else if (runtimes.empty()) {
        add("OpenMP", Health::Note, "no OpenMP runtime is in this process",
            {"LibTorch was built without OpenMP, or it is linked into it: see that the rates of the BLAS are right."});
    } else {
        add("OpenMP", Health::Good, "one runtime: " + runtimes.front().string());
    }
}

std::string Judge::gpuText() const
{
    std::string text;
    for (const auto& device : facts_.gpu.devices)
        text += (text.empty() ? "" : ", ") + device.name + " with " + sizeText(device.memory);
    if (text.empty())
        text = facts_.gpu.cards == 1 ? "an NVIDIA card" : counted(facts_.gpu.cards, "NVIDIA card");
    if (!facts_.gpu.kernelDriver.empty())
        text += ", driver " + facts_.gpu.kernelDriver;
    if (!facts_.gpu.driverCuda.empty())
        text += " (CUDA " + facts_.gpu.driverCuda + ")";
    return text;
}

void Judge::judgeGpu()
{
    const auto& gpu = facts_.gpu;
    const auto asked = gpuAskedFor(facts_.device);
    const bool there = gpu.cards > 0 || !gpu.devices.empty() || !gpu.kernelDriver.empty();
    if (facts_.torch.cudaDevices > 0) {
        if (asked && *asked >= facts_.torch.cudaDevices)
            return add("GPU", Health::Wrong,
                       "the device " + facts_.device.device + " was asked for, but LibTorch sees " +
                           counted(facts_.torch.cudaDevices, "GPU") + ", counted from 0: " + gpuText(),
                       {"Name one of them: --device cuda:0."});
        const auto index = static_cast<std::size_t>(asked.value_or(0));
        if (index < gpu.devices.size() && !facts_.torch.architectures.empty()) {
            const auto capability = std::to_string(gpu.devices[index].capability);
            std::istringstream in(facts_.torch.architectures);
            bool older = false; // a GPU runs kernels of its own generation that are not newer than itself
            for (std::string known; in >> known;)
                older = older || (majorOf(known) / 10 == gpu.devices[index].capability / 10 &&
                                  majorOf(known) <= gpu.devices[index].capability);
            if (!older)
                return add("GPU", Health::Wrong,
                           gpuText() + "; this LibTorch has kernels for the architectures " +
                               facts_.torch.architectures + ", and the GPU is of " + capability,
                           {"The GPU is older than this LibTorch: build against an older CUDA wheel with "
                            "packaging/start --torch DIR.",
                            "The GPU is newer than this LibTorch: build against a newer one."});
        }
        if (!gpu.unfit.empty())
            return add(
                "GPU", Health::Wrong, gpuText() + "; it does not add two numbers rightly",
                {"Its memory is full: see with \"nvidia-smi\" which program holds it.",
                 "This LibTorch has no kernels for it: build against another one with packaging/start --torch DIR.",
                 "The driver hangs or the GPU is faulty: start the machine again."});
        return add("GPU", Health::Good, gpuText());
    }
    if (!there) {
        if (asked)
            add("GPU", Health::Wrong,
                "the device " + facts_.device.device + " was asked for, but no NVIDIA card is in this machine",
                {"The container or virtual machine was started without the GPU: start it with one (docker run --gpus "
                 "all, sbatch --gres=gpu:1).",
                 "There is none: use --device cpu."});
        else
            add("GPU", Health::Good, "none from NVIDIA is in this machine; the CPU computes");
        return;
    }
    if (facts_.torch.cuda.empty())
        judgeGpuOfCpuBuild(asked.has_value());
    else
        judgeGpuUnseen(asked.has_value());
}

void Judge::judgeGpuOfCpuBuild(bool asked)
{
    const auto& gpu = facts_.gpu;
    std::vector<std::string> remedies = {
        "To use it, build for it: packaging/start --cuda fetches a LibTorch with CUDA, builds and starts."};
    if (gpu.kernelDriver.empty())
        remedies.insert(remedies.begin(), "NVIDIA's driver is not loaded: install it first (Debian: nvidia-driver), "
                                          "and start the machine again.");
    add("GPU", asked ? Health::Wrong : Health::Note,
        gpuText() + " is there, but this LibTorch computes on the CPU only", std::move(remedies));
}

/// LibTorch could, but sees none.
void Judge::judgeGpuUnseen(bool asked)
{
    const auto& gpu = facts_.gpu;
    const auto wanted = majorOf(facts_.torch.cuda), has = majorOf(gpu.driverCuda);
    const int oldest = wanted >= 13 ? oldestDriverMajorOf13 : oldestDriverMajorOf12;
    std::vector<std::string> remedies;
    if (gpu.visible && (gpu.visible->empty() || gpu.visible->starts_with('-')))
        remedies.push_back("CUDA_VISIBLE_DEVICES is \"" + *gpu.visible + "\", which hides every GPU: unset it.");
    if (gpu.kernelDriver.empty())
        remedies.emplace_back("NVIDIA's driver is not loaded: install it (Debian: nvidia-driver), and start the "
                              "machine again.");
    else if (!gpu.driverLibrary)
        remedies.emplace_back("libcuda.so.1 cannot be loaded: in a container, start it with the GPU (docker run --gpus "
                              "all); otherwise install the driver's libraries (Debian: libcuda1).");
    if (has > 0 && has < wanted)
        remedies.push_back("The driver " + gpu.kernelDriver + " knows CUDA up to " + gpu.driverCuda +
                           ", and this LibTorch needs " + facts_.torch.cuda + ": install driver " +
                           std::to_string(oldest) + " or newer, or build against an older CUDA wheel.");
    remedies.emplace_back(
        "The driver does not start: its module and its libraries are of two versions after an upgrade, "
        "which a start of the machine mends; \"nvidia-smi\" says the same then.");
    remedies.emplace_back("This user may not open /dev/nvidia*: join the group that owns them (often video).");
    add("GPU", asked ? Health::Wrong : Health::Note,
        gpuText() + " is there, but LibTorch (CUDA " + facts_.torch.cuda + ") does not see it", std::move(remedies));
}

void Judge::judgeWorkspace()
{
    if (facts_.workspaceProblem)
        add("workspace", Health::Wrong, facts_.workspaceProblem->text, {}, facts_.workspaceProblem->remedy);
    else if (!facts_.workspace && facts_.encoders.empty())
        add("workspace", Health::Note, "none was looked at",
            {"Name one with --workspace DIR, or folders of encoders with --encoders DIR."});
}

void Judge::judgeEncoder(const EncoderFacts& encoder)
{
    const auto area = "encoder" + (encoder.role.empty() ? "" : " " + encoder.role);
    if (!encoder.problems.empty()) {
        for (const auto& problem : encoder.problems)
            add(area, Health::Wrong, problem,
                encoder.role.empty() ? std::vector<std::string>()
                                     : std::vector{"Correct encoders." + encoder.role + " in workspace.yaml."});
        return;
    }
    auto text = encoder.folder.string() + ": " + encoder.kind;
    if (!encoder.description.empty())
        text += ", " + encoder.description;
    if (encoder.parameters > 0)
        text +=
            "; " + number(static_cast<double>(encoder.parameters) / 1e6, 1) + " M parameters in " + encoder.precision;
    text += ", " + sizeText(encoder.bytes);
    if (encoder.memoryNeeded > 0)
        text += "; needs " + sizeText(encoder.memoryNeeded) + " of memory for " + encoder.memoryFor;
    const auto asked = gpuAskedFor(facts_.device);
    if (asked && static_cast<std::size_t>(*asked) < facts_.gpu.devices.size() && facts_.torch.cudaDevices > 0) {
        // There the weights are held, too.
        const auto device = facts_.gpu.devices[static_cast<std::size_t>(*asked)].memory;
        if (encoder.bytes + encoder.memoryNeeded > device)
            add(area, Health::Wrong, text + ", with its weights more than the " + sizeText(device) + " of the GPU",
                {"Preprocess with --device cpu, or on a GPU with more memory.", "Use a smaller encoder."});
        else
            add(area, Health::Good, text);
        return;
    }
    const auto& machine = facts_.machine;
    const auto usable = machine.usableMemory();
    const bool limited = machine.limits.memory && usable < machine.memory;
    if (encoder.memoryNeeded > usable)
        add(area, Health::Wrong,
            text + ", more than the " + sizeText(usable) + " that this process may use" +
                (limited ? " (" + machine.limits.memory->file.string() + ")" : ""),
            limited ? std::vector<std::string>{"A container or a batch system set the limit: ask it for more (docker "
                                               "run --memory, sbatch --mem, MemoryMax= of systemd).",
                                               "Use a smaller encoder, or smaller buckets in workspace.yaml."}
                    : std::vector<std::string>{"Use a smaller encoder, smaller buckets in workspace.yaml, or a machine "
                                               "with more memory."});
    else if (encoder.bytes + encoder.memoryNeeded > usable)
        add(area, Health::Note, text + "; its weights do not fit beside that",
            {"They are then read from the disk again for every batch, which is slow: allow more memory, or use a "
             "smaller encoder."});
    else if (encoder.memoryNeeded > machine.availableMemory())
        add(area, Health::Note, text + ", more than the " + sizeText(machine.availableMemory()) + " that are free now",
            {"Close other programs before preprocessing."});
    else
        add(area, Health::Good, text);
}

void Judge::judgeProof(const ProofFacts& proof)
{
    auto text = proof.what + (proof.where.empty() ? "" : " (" + proof.where + ")") + ": ";
    if (proof.passed) {
        text += proof.tolerance > 0
                    ? "differs by " + few(proof.difference) + ", " + few(proof.tolerance) + " is allowed"
                    : "is the same to the last bit";
        add("computing", Health::Good, text + (proof.note.empty() ? "" : "; " + proof.note));
        return;
    }
    if (std::isfinite(proof.difference) && proof.difference > 0)
        text += "differs by " + few(proof.difference) + ", where " + few(proof.tolerance) + " is allowed";
    else
        text += proof.note.empty() ? "gave numbers that are not finite" : proof.note;
    const bool onGpu = proof.where.starts_with("cuda");
    std::vector<std::string> remedies;
    if (facts_.torch.libraries.openMp.size() > 1 || facts_.torch.libraries.torch.size() > 1)
        remedies.emplace_back("Libraries are in this process twice (see above): mend that first.");
    if (onGpu)
        remedies.emplace_back("The driver and LibTorch do not go together: install the newest driver that the GPU "
                              "has, or build against another LibTorch.");
    remedies.emplace_back("This LibTorch computes it wrongly: run the project's tests (packaging/test), and report the "
                          "difference with the versions above.");
    remedies.emplace_back(onGpu ? "The GPU is faulty or overclocked: try another one, and --device cpu."
                                : "Memory or processor are faulty or overclocked: run a memory test.");
    add("computing", Health::Wrong, text, std::move(remedies), proof.remedy);
}

} // namespace

std::vector<Finding> judge(const DoctorFacts& facts)
{
    return Judge(facts).findings();
}

bool isHealthy(const std::vector<Finding>& findings)
{
    return std::none_of(findings.begin(), findings.end(),
                        [](const Finding& finding) { return finding.health == Health::Wrong; });
}

} // namespace nanodit
