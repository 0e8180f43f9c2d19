#include "core/io/tensor.h"

#include "core/io/array_tensors.h"
#include "core/io/model_folder.h"
#include "core/io/presence.h"
#include "core/io/safetensors.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

namespace nanodit {

namespace {

at::ScalarType scalarTypeOf(DType type)
{
    switch (type) {
    case DType::Bool:
        return at::kBool;
    case DType::U8:
        return at::kByte;
    case DType::I8:
        return at::kChar;
    case DType::I16:
        return at::kShort;
    case DType::I32:
        return at::kInt;
    case DType::I64:
        return at::kLong;
    case DType::F16:
        return at::kHalf;
    case DType::BF16:
        return at::kBFloat16;
    case DType::F32:
        return at::kFloat;
    case DType::F64:
        return at::kDouble;
    case DType::C64:
        return at::kComplexFloat;
    case DType::C128:
        return at::kComplexDouble;
    case DType::U16:
    case DType::U32:
    case DType::U64:
    case DType::F8E4M3:
    case DType::F8E5M2:
        break;
    }
    throw DataError("arrays of " + dtypeName(type) + " cannot become tensors; convert them to " +
                    (type == DType::F8E4M3 || type == DType::F8E5M2 ? "bfloat16" : "int64") + " first");
}

DType dtypeOf(at::ScalarType type)
{
    for (const auto dtype : {DType::Bool, DType::U8, DType::I8, DType::I16, DType::I32, DType::I64, DType::F16,
                             DType::BF16, DType::F32, DType::F64, DType::C64, DType::C128})
        if (scalarTypeOf(dtype) == type)
            return dtype;
    throw DataError(std::string("tensors of type ") + at::toString(type) + " cannot be written");
}

/// Elements from the first one up to and with the last one reached by the strides.
std::int64_t reachOf(const Array& array)
{
    if (array.elements() == 0)
        return 0;
    if (array.strides.empty())
        return array.elements();
    std::int64_t reach = 1;
    for (std::size_t axis = 0; axis < array.shape.size(); ++axis)
        reach += (array.shape[axis] - 1) * array.strides[axis];
    return reach;
}

} // namespace

bool becomesTensor(DType type)
{
    return type != DType::U16 && type != DType::U32 && type != DType::U64 && type != DType::F8E4M3 &&
           type != DType::F8E5M2;
}

at::Tensor tensorFromArray(const Array& array)
{
    const auto options = at::TensorOptions().dtype(scalarTypeOf(array.dtype));
    const auto unit = bytesPerElement(array.dtype);
    if (reachOf(array) * unit > static_cast<std::int64_t>(array.bytes.size()))
        throw DataError("an array of shape " + shapeText(array.shape) + " reaches beyond its " +
                        std::to_string(array.bytes.size()) + " bytes");
    if (array.elements() == 0)
        return at::empty(array.shape, options);
    const auto address = reinterpret_cast<std::uintptr_t>(array.bytes.data());
    const auto alignment = static_cast<std::uintptr_t>(std::min<std::int64_t>(unit, 8));
    if (address % alignment != 0) { // A file may place its data anywhere; kernels want whole elements.
        auto copy = at::empty(array.shape, options);
        const auto source = inRowMajorOrder(array);
        std::memcpy(copy.data_ptr(), source.bytes.data(), source.bytes.size());
        return copy;
    }
    auto* const data = const_cast<std::byte*>(array.bytes.data());
    const auto strides = array.strides.empty() ? rowMajorStrides(array.shape) : array.strides;
    return at::from_blob(
        data, array.shape, strides, [owner = array.owner](void*) {}, options);
}

at::Tensor floatCopyOf(const Array& array)
{
    return tensorFromArray(array).to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

Array arrayFromTensor(const at::Tensor& tensor)
{
    const auto kept = std::make_shared<const at::Tensor>(tensor.detach().to(at::kCPU).contiguous());
    const auto* const data = static_cast<const std::byte*>(kept->data_ptr());
    return {.dtype = dtypeOf(kept->scalar_type()),
            .shape = kept->sizes().vec(),
            .strides = {},
            .bytes = {data, static_cast<std::size_t>(kept->nbytes())},
            .owner = kept};
}

std::string dtypeName(const at::Tensor& tensor)
{
    return dtypeName(dtypeOf(tensor.scalar_type()));
}

TensorMap tensorsFromArrays(const std::map<std::string, Array>& arrays, const std::string& source)
{
    TensorMap tensors;
    for (const auto& [name, array] : arrays) {
        if (!becomesTensor(array.dtype))
            throw DataError(source + " holds the tensor " + name + " as " + dtypeName(array.dtype) +
                            ": such weights are quantised or packed, mean nothing without their scales, and are not "
                            "read; use the float16, bfloat16 or float32 weights of the same model");
        tensors.emplace(name, tensorFromArray(array));
    }
    return tensors;
}

TensorMap readTensors(const std::filesystem::path& file)
{
    if (isPresentFolder(file))
        return tensorsFromArrays(readWeightsFiles(findModelFiles(file)), file.string());
    return tensorsFromArrays(readSafetensors(file).arrays, file.string());
}

void writeTensors(const std::filesystem::path& file, const TensorMap& tensors,
                  const std::map<std::string, std::string>& metadata)
{
    std::map<std::string, Array> arrays;
    for (const auto& [name, tensor] : tensors)
        arrays.emplace(name, arrayFromTensor(tensor));
    writeSafetensors(file, arrays, metadata);
}

} // namespace nanodit
