#include "core/doctor/judges.h"
#include "core/io/size_text.h"
#include "core/runtime/number_text.h"

#include <sstream>

namespace nanodit {

namespace {

constexpr int oldestDriverMajorOf12 = 525, oldestDriverMajorOf13 = 580;

std::string gpuText(const GpuFacts& gpu)
{
    std::string text;
    for (const auto& device : gpu.devices)
        text += (text.empty() ? "" : ", ") + device.name + " with " + sizeText(device.memory);
    if (text.empty())
        text = gpu.cards == 1 ? "an NVIDIA card" : counted(gpu.cards, "NVIDIA card");
    if (!gpu.kernelDriver.empty())
        text += ", driver " + gpu.kernelDriver;
    if (!gpu.driverCuda.empty())
        text += " (CUDA " + gpu.driverCuda + ")";
    return text;
}

void judgeGpuOfCpuBuild(const GpuFacts& gpu, bool asked, Findings& findings)
{
    std::vector<std::string> remedies = {
        "To use it, build for it: packaging/start --cuda fetches a LibTorch with CUDA, builds and starts."};
    if (gpu.kernelDriver.empty())
        remedies.insert(remedies.begin(), "NVIDIA's driver is not loaded: install it first (Debian: nvidia-driver), "
                                          "and restart the machine.");
    findings.add("GPU", asked ? Health::Wrong : Health::Note,
                 gpuText(gpu) + " is present, but this LibTorch computes on the CPU only", std::move(remedies));
}

/// LibTorch could, but sees none.
void judgeGpuUnseen(const DoctorFacts& facts, bool asked, Findings& findings)
{
    const auto& gpu = facts.gpu;
    const auto wanted = majorVersionOf(facts.torch.cuda), has = majorVersionOf(gpu.driverCuda);
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
                           ", and this LibTorch needs " + facts.torch.cuda + ": install driver " +
                           std::to_string(oldest) + " or newer, or build against an older CUDA wheel.");
    remedies.emplace_back("The driver does not start: its module and its libraries have different versions after an "
                          "upgrade, which a restart of the machine fixes; \"nvidia-smi\" says the same then.");
    remedies.emplace_back("This user may not open /dev/nvidia*: join the group that owns them (often video).");
    findings.add("GPU", asked ? Health::Wrong : Health::Note,
                 gpuText(gpu) + " is present, but LibTorch (CUDA " + facts.torch.cuda + ") does not see it",
                 std::move(remedies));
}

} // namespace

void judgeGpu(const DoctorFacts& facts, Findings& findings)
{
    const auto& gpu = facts.gpu;
    const auto asked = gpuAskedFor(facts.device);
    const bool there = gpu.cards > 0 || !gpu.devices.empty() || !gpu.kernelDriver.empty();
    if (facts.torch.cudaDevices > 0) {
        if (asked && *asked >= facts.torch.cudaDevices)
            return findings.add("GPU", Health::Wrong,
                                "the device " + facts.device.device + " was requested, but LibTorch sees " +
                                    counted(facts.torch.cudaDevices, "GPU") + ", counted from 0: " + gpuText(gpu),
                                {"Name one of them: --device cuda:0."});
        const auto index = static_cast<std::size_t>(asked.value_or(0));
        if (index < gpu.devices.size() && !facts.torch.architectures.empty()) {
            const auto capability = std::to_string(gpu.devices[index].capability);
            std::istringstream in(facts.torch.architectures);
            bool older = false; // a GPU runs kernels of its own generation that are not newer than itself
            for (std::string known; in >> known;)
                older = older || (majorVersionOf(known) / 10 == gpu.devices[index].capability / 10 &&
                                  majorVersionOf(known) <= gpu.devices[index].capability);
            if (!older)
                return findings.add("GPU", Health::Wrong,
                                    gpuText(gpu) + "; this LibTorch has kernels for the architectures " +
                                        facts.torch.architectures + ", and the GPU is of " + capability,
                                    {"The GPU is older than this LibTorch: build against an older CUDA wheel with "
                                     "packaging/start --torch DIR.",
                                     "The GPU is newer than this LibTorch: build against a newer one."});
        }
        if (!gpu.unfit.empty())
            return findings.add(
                "GPU", Health::Wrong, gpuText(gpu) + "; it does not add two numbers correctly",
                {"Its memory is full: \"nvidia-smi\" shows which program uses it.",
                 "This LibTorch has no kernels for it: build against another one with packaging/start --torch DIR.",
                 "The driver hangs or the GPU is faulty: restart the machine."});
        return findings.add("GPU", Health::Good, gpuText(gpu));
    }
    if (!there) {
        if (asked)
            findings.add(
                "GPU", Health::Wrong,
                "the device " + facts.device.device + " was requested, but no NVIDIA card is in this machine",
                {"The container or virtual machine was started without the GPU: start it with one (docker run --gpus "
                 "all, sbatch --gres=gpu:1).",
                 "There is none: use --device cpu."});
        else
            findings.add("GPU", Health::Good, "none from NVIDIA is in this machine; the CPU computes");
        return;
    }
    if (facts.torch.cuda.empty())
        judgeGpuOfCpuBuild(gpu, asked.has_value(), findings);
    else
        judgeGpuUnseen(facts, asked.has_value(), findings);
}

std::optional<int> gpuAskedFor(const ComputeChoice& choice)
{
    if (choice.device == "cuda")
        return 0;
    if (choice.device.starts_with("cuda:"))
        return majorVersionOf(choice.device.substr(5));
    return std::nullopt;
}

} // namespace nanodit
