#include "core/runtime/tf32.h"

#include "core/runtime/error.h"

#include <ATen/Context.h>

#include <mutex>
#include <string>

namespace nanodit {

namespace {

struct Tf32Setting {
    std::mutex mutex;
    int holders = 0;
    bool held = false; ///< What they hold.
};

Tf32Setting& tf32Setting()
{
    static Tf32Setting setting;
    return setting;
}

void setTf32(bool allowed)
{
    at::globalContext().setAllowTF32CuBLAS(allowed);
    at::globalContext().setAllowTF32CuDNN(allowed);
}

} // namespace

void wishTf32(at::Device device, bool allowed)
{
    if (!device.is_cuda())
        return;
    auto& setting = tf32Setting();
    const std::lock_guard lock(setting.mutex);
    if (setting.holders == 0)
        setTf32(allowed);
}

Tf32Hold::Tf32Hold(at::Device device, bool allowed)
    : holds_(device.is_cuda())
{
    if (!holds_)
        return;
    auto& setting = tf32Setting();
    const std::lock_guard lock(setting.mutex);
    if (setting.holders > 0 && setting.held != allowed) {
        const std::string here = allowed ? "true" : "false", there = allowed ? "false" : "true";
        throw UsageError(
            "this is to compute with tf32: " + here + ", but a training of this program computes with tf32: " + there +
            ", and LibTorch has one setting for both: wait for its end, or start this on the command line");
    }
    setting.held = allowed;
    ++setting.holders;
    setTf32(allowed);
}

Tf32Hold::~Tf32Hold()
{
    if (!holds_)
        return;
    auto& setting = tf32Setting();
    const std::lock_guard lock(setting.mutex);
    --setting.holders;
}

} // namespace nanodit
