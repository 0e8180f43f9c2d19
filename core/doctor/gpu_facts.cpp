#include "core/doctor/gpu_facts.h"

#include "core/runtime/compute_devices.h"

#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <memory>
#include <regex>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

std::string textOf(const fs::path& file)
{
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

int nvidiaCards()
{
    int count = 0;
    std::error_code error;
    for (const auto& device : fs::directory_iterator("/sys/bus/pci/devices", error)) {
        if (textOf(device.path() / "vendor") == "0x10de" && textOf(device.path() / "class").starts_with("0x03"))
            ++count;
    }
    return count;
}

/// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug ..." -> "535.104.05"
std::string kernelDriver()
{
    const auto line = textOf("/proc/driver/nvidia/version");
    std::smatch match;
    return std::regex_search(line, match, std::regex(R"(\s(\d+\.\d+(\.\d+)?)\s)")) ? match[1].str() : "";
}

/// "9.0" -> 90
int capabilityNumber(const std::string& text)
{
    const auto dot = text.find('.');
    return dot == std::string::npos ? 0 : 10 * std::stoi(text.substr(0, dot)) + std::stoi(text.substr(dot + 1));
}

} // namespace

GpuFacts gatherGpuFacts(std::int64_t index)
{
    GpuFacts facts;
    facts.cards = nvidiaCards();
    facts.kernelDriver = kernelDriver();
    if (const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES"))
        facts.visible = visible;
    const auto& found = gpuFindings();
    facts.driverLibrary = found.driver;
    if (found.driverCuda > 0)
        facts.driverCuda = cudaVersionText(found.driverCuda);
    if (index < found.usable)
        facts.unfit = found.unfit(index);
    for (const auto& device : found.byDriver)
        facts.devices.push_back(
            {.name = device.title, .memory = device.memoryBytes, .capability = capabilityNumber(device.capability)});
    return facts;
}

std::optional<std::int64_t> gpuMemoryUsed()
{
    const std::unique_ptr<void, int (*)(void*)> driver(dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD), &dlclose);
    auto* const ask =
        driver ? reinterpret_cast<int (*)(std::size_t*, std::size_t*)>(dlsym(driver.get(), "cuMemGetInfo_v2"))
               : nullptr;
    std::size_t free = 0, total = 0;
    if (ask == nullptr || ask(&free, &total) != 0)
        return std::nullopt;
    return static_cast<std::int64_t>(total - free);
}

} // namespace nanodit
