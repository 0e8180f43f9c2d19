#include "core/io/array.h"

#include <bit>
#include <cstring>
#include <utility>

namespace nanodit {

static_assert(std::endian::native == std::endian::little,
              "files are mapped as they are: a big-endian machine would need a swap");

std::int64_t bytesPerElement(DType type)
{
    switch (type) {
    case DType::Bool:
    case DType::U8:
    case DType::I8:
    case DType::F8E4M3:
    case DType::F8E5M2:
        return 1;
    case DType::I16:
    case DType::U16:
    case DType::F16:
    case DType::BF16:
        return 2;
    case DType::I32:
    case DType::U32:
    case DType::F32:
        return 4;
    case DType::I64:
    case DType::U64:
    case DType::F64:
    case DType::C64:
        return 8;
    case DType::C128:
        return 16;
    }
    return 0;
}

std::string dtypeName(DType type)
{
    switch (type) {
    case DType::Bool:
        return "bool";
    case DType::U8:
        return "uint8";
    case DType::I8:
        return "int8";
    case DType::I16:
        return "int16";
    case DType::I32:
        return "int32";
    case DType::I64:
        return "int64";
    case DType::U16:
        return "uint16";
    case DType::U32:
        return "uint32";
    case DType::U64:
        return "uint64";
    case DType::F16:
        return "float16";
    case DType::BF16:
        return "bfloat16";
    case DType::F32:
        return "float32";
    case DType::F64:
        return "float64";
    case DType::C64:
        return "complex64";
    case DType::C128:
        return "complex128";
    case DType::F8E4M3:
        return "float8_e4m3fn";
    case DType::F8E5M2:
        return "float8_e5m2";
    }
    return {};
}

std::int64_t Array::elements() const
{
    return checkedProduct(shape).value_or(0);
}

bool Array::contiguous() const
{
    if (strides.empty())
        return true;
    std::int64_t expected = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
        if (shape[axis] != 1 && strides[axis] != expected)
            return elements() == 0;
        expected *= shape[axis];
    }
    return true;
}

std::string shapeText(std::span<const std::int64_t> shape)
{
    std::string text = "[";
    for (const auto side : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(side);
    return text + "]";
}

std::optional<std::int64_t> checkedProduct(std::span<const std::int64_t> shape, std::int64_t unit)
{
    bool empty = false;
    std::int64_t product = unit;
    for (const auto side : shape) {
        if (side < 0)
            return std::nullopt;
        empty |= side == 0;
    }
    if (empty)
        return 0;
    for (const auto side : shape)
        if (__builtin_mul_overflow(product, side, &product))
            return std::nullopt;
    return product;
}

std::vector<std::int64_t> rowMajorStrides(std::span<const std::int64_t> shape)
{
    std::vector<std::int64_t> strides(shape.size());
    std::int64_t stride = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
        strides[axis] = stride;
        stride *= shape[axis] > 0 ? shape[axis] : 1;
    }
    return strides;
}

Array inRowMajorOrder(const Array& array)
{
    const auto unit = static_cast<std::size_t>(bytesPerElement(array.dtype));
    const auto count = static_cast<std::size_t>(array.elements());
    if (array.contiguous()) {
        Array same = array;
        same.strides.clear();
        same.bytes = array.bytes.first(count * unit);
        return same;
    }
    std::vector<std::byte> copy(count * unit);
    std::vector<std::int64_t> index(array.shape.size(), 0);
    std::int64_t offset = 0;
    for (std::size_t element = 0; element < count; ++element) {
        std::memcpy(copy.data() + element * unit, array.bytes.data() + static_cast<std::size_t>(offset) * unit, unit);
        for (std::size_t axis = index.size(); axis-- > 0;) {
            offset += array.strides[axis];
            if (++index[axis] < array.shape[axis])
                break;
            offset -= array.strides[axis] * array.shape[axis];
            index[axis] = 0;
        }
    }
    return arrayOf(array.dtype, array.shape, std::move(copy));
}

Array arrayOf(DType dtype, std::vector<std::int64_t> shape, std::vector<std::byte> bytes)
{
    const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    return {.dtype = dtype, .shape = std::move(shape), .strides = {}, .bytes = *owner, .owner = owner};
}

} // namespace nanodit
