#include "core/dataset/finite.h"

#include <cstring>

namespace nanodit {

namespace {

/// Elements whose exponent bits are all set (IEEE 754: infinities and NaNs).
template<typename Bits>
std::int64_t countExponent(std::span<const std::byte> bytes, std::int64_t elements, Bits exponent)
{
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < elements; ++i) {
        Bits value;
        std::memcpy(&value, bytes.data() + i * static_cast<std::int64_t>(sizeof(Bits)), sizeof(Bits));
        count += (value & exponent) == exponent;
    }
    return count;
}

} // namespace

std::int64_t nonFiniteCount(const Array& array)
{
    // Which elements there are does not depend on their order, but gaps between strides must be left out.
    const auto plain = inRowMajorOrder(array);
    const auto elements = plain.elements();
    switch (array.dtype) {
    case DType::F16:
        return countExponent<std::uint16_t>(plain.bytes, elements, 0x7c00);
    case DType::BF16:
        return countExponent<std::uint16_t>(plain.bytes, elements, 0x7f80);
    case DType::F32:
        return countExponent<std::uint32_t>(plain.bytes, elements, 0x7f800000);
    case DType::F64:
        return countExponent<std::uint64_t>(plain.bytes, elements, 0x7ff0000000000000);
    case DType::C64:
        return countExponent<std::uint32_t>(plain.bytes, 2 * elements, 0x7f800000);
    case DType::C128:
        return countExponent<std::uint64_t>(plain.bytes, 2 * elements, 0x7ff0000000000000);
    default:
        return 0;
    }
}

} // namespace nanodit
