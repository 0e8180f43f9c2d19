#include "core/io/float_values.h"

#include "core/runtime/error.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace nanodit {

namespace {

template<typename Element>
Element load(const std::byte* from, std::size_t index)
{
    Element element;
    std::memcpy(&element, from + index * sizeof element, sizeof element);
    return element;
}

/// IEEE 754 binary16 to binary32, exactly. Moved into place, the exponent is 112 too small, also for subnormals.
float floatFromHalf(std::uint16_t half)
{
    constexpr std::uint32_t exponentOfHalf = 0x7c00, exponentOfFloat = 0x7f800000;
    const auto scaled = std::bit_cast<float>((half & 0x7fffu) << 13) * 0x1p112f;
    auto bits = std::bit_cast<std::uint32_t>(scaled);
    bits |= (half & exponentOfHalf) == exponentOfHalf ? exponentOfFloat : 0; // Infinite or not a number.
    return std::bit_cast<float>(bits | (half & 0x8000u) << 16);
}

float floatFromBfloat(std::uint16_t value)
{
    return std::bit_cast<float>(std::uint32_t{value} << 16);
}

template<typename Bits>
bool noneHasAll(const std::byte* data, std::size_t count, Bits exponent)
{
    Bits found = 0;
    for (std::size_t i = 0; i < count; ++i)
        found |= static_cast<Bits>((load<Bits>(data, i) & exponent) == exponent);
    return found == 0;
}

[[noreturn]] void refuse(DType type)
{
    throw DataError("floating-point numbers are expected, not " + dtypeName(type));
}

} // namespace

bool isFloating(DType type)
{
    return type == DType::F16 || type == DType::BF16 || type == DType::F32 || type == DType::F64;
}

void copyFloats(const Array& array, std::span<float> target)
{
    const auto ordered = inRowMajorOrder(array);
    const auto* const data = ordered.bytes.data();
    const auto count = static_cast<std::size_t>(ordered.elements());
    switch (array.dtype) {
    case DType::F16:
        for (std::size_t i = 0; i < count; ++i)
            target[i] = floatFromHalf(load<std::uint16_t>(data, i));
        return;
    case DType::BF16:
        for (std::size_t i = 0; i < count; ++i)
            target[i] = floatFromBfloat(load<std::uint16_t>(data, i));
        return;
    case DType::F32:
        if (count > 0)
            std::memcpy(target.data(), data, count * sizeof(float));
        return;
    case DType::F64:
        for (std::size_t i = 0; i < count; ++i)
            target[i] = static_cast<float>(load<double>(data, i));
        return;
    default:
        refuse(array.dtype);
    }
}

std::vector<float> floatsOf(const Array& array)
{
    std::vector<float> values(static_cast<std::size_t>(array.elements()));
    copyFloats(array, values);
    return values;
}

bool allFinite(const Array& array)
{
    const auto ordered = inRowMajorOrder(array);
    const auto* const data = ordered.bytes.data();
    const auto count = static_cast<std::size_t>(ordered.elements());
    switch (array.dtype) {
    case DType::F16:
        return noneHasAll<std::uint16_t>(data, count, 0x7c00);
    case DType::BF16:
        return noneHasAll<std::uint16_t>(data, count, 0x7f80);
    case DType::F32:
        return noneHasAll<std::uint32_t>(data, count, 0x7f800000);
    case DType::F64:
        return noneHasAll<std::uint64_t>(data, count, 0x7ff0000000000000);
    default:
        refuse(array.dtype);
    }
}

} // namespace nanodit
