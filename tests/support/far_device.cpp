#include "tests/support/far_device.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nanodit::test {

namespace {

const at::Device device(at::DeviceType::PrivateUse1, 0);

/// One device with one stream, which everything waits for.
struct FarGuard final : c10::impl::DeviceGuardImplInterface {
    at::DeviceType type() const override { return device.type(); }
    at::Device exchangeDevice(at::Device) const override { return device; }
    at::Device getDevice() const override { return device; }
    void setDevice(at::Device) const override {}
    void uncheckedSetDevice(at::Device) const noexcept override {}
    c10::Stream getStream(at::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, device); }
    c10::Stream getDefaultStream(at::Device) const override { return c10::Stream(c10::Stream::DEFAULT, device); }
    c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
    at::DeviceIndex deviceCount() const noexcept override { return 1; }
};

/// An address with this bit is none that a processor can read.
constexpr std::uintptr_t farBit = std::uintptr_t{1} << 62;

void* farAddress(void* address)
{
    return address == nullptr ? nullptr : reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) | farBit);
}
void* nearAddress(void* address)
{
    return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) & ~farBit);
}
void* addressOf(const at::Tensor& tensor)
{
    return tensor.storage().data_ptr().get();
}

at::Tensor tensorOver(c10::Storage storage, c10::DispatchKey key, const at::Tensor& like)
{
    auto tensor = at::detail::make_tensor<at::TensorImpl>(std::move(storage), c10::DispatchKeySet(key), like.dtype());
    auto* const impl = tensor.unsafeGetTensorImpl();
    impl->set_storage_offset(like.storage_offset());
    impl->set_sizes_and_strides(like.sizes(), like.strides());
    return tensor;
}

/// A CPU tensor over the same memory, which `far` must outlive. Its storage cannot grow.
at::Tensor nearOf(const at::Tensor& far)
{
    return tensorOver(c10::Storage(c10::Storage::use_byte_size_t(), far.storage().nbytes(),
                                   c10::DataPtr(nearAddress(addressOf(far)), at::kCPU), nullptr, false),
                      c10::DispatchKey::CPU, far);
}

/// A tensor of the far device that takes a CPU tensor's memory over.
at::Tensor farOf(const at::Tensor& near)
{
    const auto release = [](void* tensor) { delete static_cast<at::Tensor*>(tensor); };
    return tensorOver(c10::Storage(c10::Storage::use_byte_size_t(), near.storage().nbytes(),
                                   c10::DataPtr(farAddress(addressOf(near)), new at::Tensor(near), release, device),
                                   nullptr, false),
                      c10::DispatchKey::PrivateUse1, near);
}

at::Tensor viewOf(const at::Tensor& far, const at::Tensor& near)
{
    return tensorOver(far.storage(), c10::DispatchKey::PrivateUse1, near);
}

/// A call's tensors of the far device and the CPU tensors that stand for them.
class Call {
public:
    explicit Call(const c10::FunctionSchema& schema)
        : schema_(schema)
    {
    }

    at::IValue handedDown(const at::IValue& value, bool written)
    {
        if (value.isDevice())
            return at::Device(at::kCPU);
        if (value.isTensor())
            return near(value.toTensor(), written);
        if (value.isList()) {
            const auto list = value.toList();
            c10::impl::GenericList copy(list.elementType());
            for (const auto& element : list.vec())
                copy.push_back(element.isTensor() ? at::IValue(near(element.toTensor(), written)) : element);
            return copy;
        }
        return value;
    }

    at::IValue handedBack(const at::IValue& value) const
    {
        if (value.isTensor())
            return far(value.toTensor());
        if (value.isTensorList()) {
            c10::List<at::Tensor> list;
            for (const auto& tensor : value.toTensorVector())
                list.push_back(far(tensor));
            return list;
        }
        return value;
    }

    /// What was empty and was given a size by the call.
    void adoptWhatGrew() const
    {
        for (const auto& [far, near, fresh] : tensors_) {
            if (!fresh || near.numel() == 0)
                continue;
            const auto grown = farOf(near);
            far.unsafeGetTensorImpl()->set_storage_keep_dtype(grown.storage());
            far.unsafeGetTensorImpl()->set_sizes_and_strides(grown.sizes(), grown.strides());
        }
    }

private:
    struct Pair {
        at::Tensor far, near;
        bool fresh; ///< It has memory of its own.
    };

    at::Tensor near(const at::Tensor& tensor, bool written)
    {
        if (!tensor.defined())
            return tensor;
        if (tensor.device() == device) {
            const bool fresh = written && tensor.numel() == 0;
            tensors_.push_back(
                {tensor, fresh ? at::empty(tensor.sizes(), tensor.options().device(at::kCPU)) : nearOf(tensor), fresh});
            return tensors_.back().near;
        }
        static const std::set<std::string> crossing = {"aten::copy_", "aten::_copy_from", "aten::index.Tensor",
                                                       "aten::index_put_"};
        TORCH_CHECK(tensor.dim() == 0 || crossing.contains(schema_.name()) ||
                        crossing.contains(schema_.name() + "." + schema_.overload_name()),
                    "Expected all tensors to be on the same device, but ", schema_.name(), " was given one on ",
                    tensor.device(), " of shape ", tensor.sizes(), " beside one on ", device);
        return tensor;
    }

    at::Tensor far(const at::Tensor& tensor) const
    {
        if (!tensor.defined())
            return tensor;
        for (const auto& pair : tensors_) {
            if (pair.near.is_same(tensor))
                return pair.far;
        }
        for (const auto& pair : tensors_) {
            if (addressOf(tensor) != nullptr && addressOf(pair.near) == addressOf(tensor))
                return viewOf(pair.far, tensor);
        }
        return farOf(tensor);
    }

    const c10::FunctionSchema& schema_;
    std::vector<Pair> tensors_;
};

std::atomic<long> operations = 0, fetches = 0;

/// Whether the CPU waits for a GPU in this call: it takes a number from there, or a copy, or has to know how large a
/// result is.
bool waits(const std::string& name, const at::IValue* arguments)
{
    static const std::set<std::string> sizedByValues = {"aten::_local_scalar_dense", "aten::nonzero",
                                                        "aten::masked_select"};
    if (name == "aten::copy_") // self, src, non_blocking
        return arguments[0].toTensor().is_cpu() && !arguments[2].toBool();
    return sizedByValues.contains(name);
}

/// Runs any operation with the CPU's kernel.
void compute(const c10::OperatorHandle& op, torch::jit::Stack* stack)
{
    ++operations;
    const auto& schema = op.schema();
    const auto& arguments = schema.arguments();
    Call call(schema);
    const auto first = stack->size() - arguments.size();
    if (waits(schema.name(), stack->data() + first))
        ++fetches;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        auto& value = (*stack)[first + i];
        value = call.handedDown(value, arguments[i].alias_info() != nullptr && arguments[i].alias_info()->isWrite());
    }
    op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
    call.adoptWhatGrew();
    for (auto value = stack->end() - static_cast<std::ptrdiff_t>(schema.returns().size()); value != stack->end();
         ++value)
        *value = call.handedBack(*value);
}

/// What LibTorch calls for the convolutions of devices that it does not know: the arguments are those of convolution.
void convolve(const c10::OperatorHandle& op, torch::jit::Stack* stack)
{
    static const auto convolution = c10::Dispatcher::singleton().findSchemaOrThrow("aten::convolution", "");
    (void)op;
    compute(convolution, stack);
}

struct Registration {
    FarGuard guard;
    torch::Library everything{torch::Library::IMPL, "_", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__};
    torch::Library some{torch::Library::IMPL, "aten", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__};

    Registration()
    {
        c10::impl::device_guard_impl_registry[static_cast<std::size_t>(device.type())].store(&guard);
        everything.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>());
        // For these LibTorch has compositions that would come before the fallback: they copy otherwise, or round
        // otherwise than the CPU's own kernels.
        for (const auto* const name :
             {"copy_", "native_layer_norm", "native_layer_norm_backward", "native_group_norm", "convolution_backward"})
            some.impl(name, torch::CppFunction::makeFromBoxedFunction<&compute>());
        some.impl("convolution_overrideable", torch::CppFunction::makeFromBoxedFunction<&convolve>());
    }
};

} // namespace

at::Device farDevice()
{
    static const Registration once;
    return device;
}

long farOperations()
{
    return operations;
}

long farFetches()
{
    return fetches;
}

} // namespace nanodit::test
