#include "core/runtime/compute_devices.h"

#include "core/runtime/error.h"
#include "core/runtime/machine.h"

#include <ATen/ATen.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <unistd.h>

namespace nanodit {

namespace {

/// The driver's own interface, of which a few functions suffice: no CUDA toolkit is needed to ask it. Signatures and
/// numbers as in cuda.h, which keeps them for ever.
class Driver {
public:
    Driver()
        : library_(dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL))
    {
    }
    bool loaded() const { return library_ != nullptr; }

    int version() const
    {
        int version = 0;
        auto* const ask = function<int(int*)>("cuDriverGetVersion");
        return ask != nullptr && ask(&version) == 0 ? version : 0;
    }

    std::vector<ComputeDevice> devices() const
    {
        auto* const start = function<int(unsigned)>("cuInit");
        auto* const count = function<int(int*)>("cuDeviceGetCount");
        auto* const name = function<int(char*, int, int)>("cuDeviceGetName");
        auto* const memory = function<int(std::size_t*, int)>("cuDeviceTotalMem_v2");
        auto* const attribute = function<int(int*, int, int)>("cuDeviceGetAttribute");
        int found = 0;
        if (start == nullptr || count == nullptr || name == nullptr || memory == nullptr || attribute == nullptr ||
            start(0) != 0 || count(&found) != 0)
            return {};
        constexpr int capabilityMajor = 75, capabilityMinor = 76; // CUdevice_attribute
        std::vector<ComputeDevice> devices;
        for (int i = 0; i < found; ++i) { // a device's handle is its number
            ComputeDevice device;
            device.name = "cuda:" + std::to_string(i);
            std::array<char, 256> title{};
            if (name(title.data(), static_cast<int>(title.size()) - 1, i) == 0)
                device.title = title.data();
            std::size_t bytes = 0;
            if (memory(&bytes, i) == 0)
                device.memoryBytes = static_cast<std::int64_t>(bytes);
            int major = 0, minor = 0;
            if (attribute(&major, capabilityMajor, i) == 0 && attribute(&minor, capabilityMinor, i) == 0)
                device.capability = std::to_string(major) + "." + std::to_string(minor);
            devices.push_back(std::move(device));
        }
        return devices;
    }

    /// What the driver has left of a device on which this process has computed already; 0: it does not say.
    std::int64_t freeBytes(int device) const
    {
        auto* const retain = function<int(void**, int)>("cuDevicePrimaryCtxRetain");
        auto* const release = function<int(int)>("cuDevicePrimaryCtxRelease_v2");
        auto* const enter = function<int(void*)>("cuCtxPushCurrent_v2");
        auto* const leave = function<int(void**)>("cuCtxPopCurrent_v2");
        auto* const ask = function<int(std::size_t*, std::size_t*)>("cuMemGetInfo_v2");
        void* context = nullptr; // the one that LibTorch computes in
        if (retain == nullptr || release == nullptr || enter == nullptr || leave == nullptr || ask == nullptr ||
            retain(&context, device) != 0)
            return 0;
        std::size_t free = 0, all = 0;
        if (enter(context) == 0) {
            if (ask(&free, &all) != 0)
                free = 0;
            leave(&context);
        }
        release(device);
        return static_cast<std::int64_t>(free);
    }

private:
    template<typename Signature>
    Signature* function(const char* name) const
    {
        return library_ == nullptr ? nullptr : reinterpret_cast<Signature*>(dlsym(library_, name));
    }

    void* library_; ///< Stays loaded: LibTorch uses it, too.
};

std::string firstLine(const std::string& text)
{
    return text.substr(0, text.find('\n'));
}

/// Lets a GPU compute something small; what it said when it could not.
std::string trial(at::Device device)
{
    try {
        const auto two = at::ones({1}, at::TensorOptions(at::kFloat).device(device)).add_(1).item<float>();
        return two == 2 ? "" : "1 + 1 is " + std::to_string(two) + " on it";
    } catch (const c10::Error& error) {
        return firstLine(error.what_without_backtrace());
    }
}

#if TORCH_VERSION_MAJOR >= 2
using AllocatedBytes = std::size_t;
#else
using AllocatedBytes = std::int64_t;
#endif

/// Is told by LibTorch's allocator, at an allocation of this thread, how much it holds and how much of that is used.
class AllocatorFigures final : public c10::MemoryReportingInfoBase {
public:
    void reportMemoryUsage(void*, std::int64_t, AllocatedBytes used, AllocatedBytes held, c10::Device) override
    {
        unused_ = static_cast<std::int64_t>(held) - static_cast<std::int64_t>(used);
    }
    bool memoryProfilingEnabled() const override { return true; }
    std::int64_t unused() const { return unused_; }

private:
    std::int64_t unused_ = 0;
};

/// What LibTorch holds of a GPU for tensors to come: of those that are gone.
std::int64_t heldForTensors(at::Device device)
{
    const auto figures = std::make_shared<AllocatorFigures>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, figures);
    at::empty({1}, at::TensorOptions(at::kByte).device(device));
    return figures->unused();
}

/// What tensors made now may take of a GPU that has computed already; 0: not known.
std::int64_t freeOf(std::int64_t index)
{
    try {
        const auto held = heldForTensors(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index)));
        const auto free = Driver().freeBytes(static_cast<int>(index));
        return free > 0 ? held + free : 0;
    } catch (const c10::Error&) { // not even the one byte
        return 0;
    }
}

/// What trials said, of which each GPU has one. Any thread.
class GpuTrials {
public:
    std::string of(std::int64_t index)
    {
        const std::lock_guard lock(mutex_);
        auto said = said_.find(index);
        if (said == said_.end())
            said = said_.emplace(index, trial(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index)))).first;
        return said->second;
    }

private:
    std::mutex mutex_;
    std::map<std::int64_t, std::string> said_;
};

GpuFindings find()
{
    GpuFindings found;
    found.inLibTorch = at::globalContext().hasCUDART();
    if (found.inLibTorch)
        found.torchCuda = static_cast<int>(at::detail::getCUDAHooks().versionCUDART());
    const Driver driver;
    found.driver = driver.loaded();
    found.driverCuda = driver.version();
    found.byDriver = driver.devices();
    if (found.inLibTorch && !found.byDriver.empty() && at::hasCUDA())
        found.usable = at::detail::getCUDAHooks().getNumGPUs();
    if (found.usable > 0) {
        found.unfit = [trials = std::make_shared<GpuTrials>()](std::int64_t index) { return trials->of(index); };
        found.freeMemory = freeOf;
    }
    return found;
}

/// Why no GPU can be used, whichever it is; "" where LibTorch finds one.
std::string obstacle(const GpuFindings& found)
{
    if (!found.inLibTorch)
        return "this LibTorch was built without CUDA (packaging/start --cuda builds with one that has it)";
    if (!found.driver)
        return "the NVIDIA driver is not installed (libcuda.so.1 was not found)";
    if (found.byDriver.empty())
        return "the NVIDIA driver finds no GPU (check that nvidia-smi lists one and that CUDA_VISIBLE_DEVICES does not "
               "hide it)";
    if (found.usable == 0 && found.driverCuda > 0 && found.driverCuda < found.torchCuda)
        return "the NVIDIA driver is made for CUDA " + cudaVersionText(found.driverCuda) +
               ", and this LibTorch for CUDA " + cudaVersionText(found.torchCuda) + " (install a newer driver)";
    if (found.usable == 0)
        return "this LibTorch finds no CUDA device, though the driver lists " + found.byDriver[0].title +
               " (check that nvidia-smi shows it without errors)";
    return {};
}

/// Why this one cannot be used, where others may; "" when it can.
std::string obstacleOf(std::int64_t index, const GpuFindings& found)
{
    const auto unfit = found.unfit(index);
    return unfit.empty() ? std::string()
                         : "this LibTorch cannot compute on the GPU cuda:" + std::to_string(index) + ": " + unfit;
}

ComputeDevice processor()
{
    ComputeDevice cpu;
    cpu.name = "cpu";
    cpu.title = "CPU";
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) {
            cpu.title = line.substr(colon + 2);
            break;
        }
    }
    cpu.memoryBytes = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
    return cpu;
}

} // namespace

std::string cudaVersionText(int cuda)
{
    return std::to_string(cuda / 1000) + "." + std::to_string(cuda % 1000 / 10);
}

const GpuFindings& gpuFindings()
{
    static const GpuFindings found = find();
    return found;
}

std::vector<ComputeDevice> computeDevices()
{
    std::vector<ComputeDevice> devices = {processor()};
    const auto& found = gpuFindings();
    if (chosenDevice("auto", found) == "cpu")
        return devices;
    for (std::int64_t i = 0; i < found.usable; ++i) {
        const auto index = static_cast<std::size_t>(i);
        devices.push_back(index < found.byDriver.size() ? found.byDriver[index]
                                                        : ComputeDevice{.name = "cuda:" + std::to_string(i),
                                                                        .title = "GPU",
                                                                        .memoryBytes = 0,
                                                                        .capability = {}});
    }
    return devices;
}

std::string chosenDevice(const std::string& wanted, const GpuFindings& found)
{
    const auto why = obstacle(found);
    if (wanted == "auto") {
        for (std::int64_t i = 0; why.empty() && i < found.usable; ++i) {
            if (found.unfit(i).empty())
                return "cuda:" + std::to_string(i);
        }
        return "cpu";
    }
    if (!wanted.starts_with("cuda"))
        return wanted;
    const auto refusal = [&wanted](const std::string& reason) {
        return UsageError("the device \"" + wanted + "\" was requested, but " + reason, remedy::ChooseDevice{});
    };
    if (!why.empty())
        throw refusal(why);
    const auto index = wanted == "cuda" ? 0 : std::stoll(wanted.substr(wanted.find(':') + 1));
    if (index >= found.usable)
        throw refusal("this machine has " + (found.usable == 1
                                                 ? "one GPU, cuda:0"
                                                 : std::to_string(found.usable) +
                                                       " GPUs, cuda:0 to cuda:" + std::to_string(found.usable - 1)));
    if (const auto unfit = obstacleOf(index, found); !unfit.empty())
        throw refusal(unfit);
    return "cuda:" + std::to_string(index);
}

std::int64_t availableMemory(const ComputeChoice& choice)
{
    return availableMemory(choice, gpuFindings());
}

std::int64_t availableMemory(const ComputeChoice& choice, const GpuFindings& found)
{
    const auto name = chosenDevice(choice.device, found);
    if (name == "cpu")
        return readMachine().availableMemory();
    const auto gpu = std::ranges::find(found.byDriver, name, &ComputeDevice::name);
    if (gpu == found.byDriver.end())
        return 0;
    const auto free = found.freeMemory(gpu - found.byDriver.begin());
    return free > 0 ? free : gpu->memoryBytes;
}

std::string whyNoGpu(const GpuFindings& found)
{
    if (found.byDriver.empty() || chosenDevice("auto", found) != "cpu")
        return {};
    const auto why = obstacle(found);
    return found.byDriver[0].title + " is not used: " + (why.empty() ? obstacleOf(0, found) : why);
}

} // namespace nanodit
