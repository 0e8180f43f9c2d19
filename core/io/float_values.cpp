#include "core/io/float_values.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

/// Scales in place what was just written, while it is in the nearest cache; false when something is not finite.
bool scaleBlock(float* values, std::size_t count, std::size_t channel, const ChannelScale* scale)
{
    constexpr std::uint32_t exponent = 0x7f800000;
    std::uint32_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i)
        wrong |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(values[i]) & exponent) == exponent);
    if (scale != nullptr) {
        const float* const shift = scale->shift.data() + channel;
        const float* const divisor = scale->divisor.data() + channel;
        for (std::size_t i = 0; i < count; ++i)
            values[i] = (values[i] - shift[i]) / divisor[i];
    }
    return wrong == 0;
}

#if defined(__x86_64__)
/// The conversion that x86-64 processors have had since 2012; the same values as floatFromHalf.
__attribute__((target("avx,f16c"))) void floatsFromHalves(const std::byte* from, float* to, std::size_t count)
{
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 2 * i))));
    for (; i < count; ++i)
        to[i] = floatFromHalf(load<std::uint16_t>(from, i));
}
const bool hasHalves = __builtin_cpu_supports("f16c") && __builtin_cpu_supports("avx");

/// What is written past the caches: more than they hold, so that reading it back into them first would be wasted.
constexpr std::size_t bytesPastCaches = std::size_t{1} << 20;

/// Converts, checks and scales 8 halves at a time; the same values as floatFromHalf, subtraction and division. `past`:
/// `to` is a multiple of 32 bytes and is written past the caches.
template<bool scaled, bool past>
__attribute__((target("avx2,f16c"))) bool finiteFromHalves(const std::byte* from, float* to, std::size_t count,
                                                           const float* shift, const float* divisor)
{
    const auto exponent = _mm_set1_epi16(0x7c00);
    auto wrong = _mm_setzero_si128();
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const auto halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 2 * i));
        wrong = _mm_or_si128(wrong, _mm_cmpeq_epi16(_mm_and_si128(halves, exponent), exponent));
        auto values = _mm256_cvtph_ps(halves);
        if constexpr (scaled)
            values = _mm256_div_ps(_mm256_sub_ps(values, _mm256_loadu_ps(shift + i)), _mm256_loadu_ps(divisor + i));
        if constexpr (past)
            _mm256_stream_ps(to + i, values);
        else
            _mm256_storeu_ps(to + i, values);
    }
    bool finite = _mm_testz_si128(wrong, wrong) != 0;
    for (; i < count; ++i) {
        const auto half = load<std::uint16_t>(from, i);
        finite &= (half & 0x7c00) != 0x7c00;
        to[i] = floatFromHalf(half);
        if constexpr (scaled)
            to[i] = (to[i] - shift[i]) / divisor[i];
    }
    return finite;
}

/// Rows of `channels` halves each.
bool finiteRowsFromHalves(const std::byte* from, float* to, std::size_t rows, std::size_t channels,
                          const ChannelScale* scale)
{
    const bool past = rows * channels * sizeof(float) >= bytesPastCaches &&
                      reinterpret_cast<std::uintptr_t>(to) % 32 == 0 && channels % 8 == 0;
    const auto convertRow = scale != nullptr ? (past ? finiteFromHalves<true, true> : finiteFromHalves<true, false>)
                                             : (past ? finiteFromHalves<false, true> : finiteFromHalves<false, false>);
    const auto* const shift = scale != nullptr ? scale->shift.data() : nullptr;
    const auto* const divisor = scale != nullptr ? scale->divisor.data() : nullptr;
    bool finite = true;
    for (std::size_t row = 0; row < rows; ++row)
        finite &= convertRow(from + 2 * row * channels, to + row * channels, channels, shift, divisor);
    if (past)
        _mm_sfence();
    return finite;
}
const bool hasFastHalves = hasHalves && __builtin_cpu_supports("avx2");
#else
bool finiteRowsFromHalves(const std::byte*, float*, std::size_t, std::size_t, const ChannelScale*)
{
    return false;
}
constexpr bool hasFastHalves = false;
void floatsFromHalves(const std::byte*, float*, std::size_t) {}
constexpr bool hasHalves = false;
#endif

[[noreturn]] void refuse(DType type)
{
    throw DataError("floating-point numbers are expected, not " + dtypeName(type));
}

void convert(DType type, const std::byte* data, float* target, std::size_t count)
{
    switch (type) {
    case DType::F16:
        if (hasHalves)
            return floatsFromHalves(data, target, count);
        for (std::size_t i = 0; i < count; ++i)
            target[i] = floatFromHalf(load<std::uint16_t>(data, i));
        return;
    case DType::BF16:
        for (std::size_t i = 0; i < count; ++i)
            target[i] = floatFromBfloat(load<std::uint16_t>(data, i));
        return;
    case DType::F32:
        if (count > 0)
            std::memcpy(target, data, count * sizeof(float));
        return;
    case DType::F64:
        for (std::size_t i = 0; i < count; ++i)
            target[i] = static_cast<float>(load<double>(data, i));
        return;
    default:
        refuse(type);
    }
}

} // namespace

bool isFloating(DType type)
{
    return type == DType::F16 || type == DType::BF16 || type == DType::F32 || type == DType::F64;
}

void copyFloats(const Array& array, std::span<float> target)
{
    const auto ordered = inRowMajorOrder(array);
    convert(array.dtype, ordered.bytes.data(), target.data(), static_cast<std::size_t>(ordered.elements()));
}

bool copyFiniteFloats(const Array& array, std::span<float> target, const ChannelScale* scale)
{
    const auto ordered = inRowMajorOrder(array);
    const auto count = static_cast<std::size_t>(ordered.elements());
    const auto unit = static_cast<std::size_t>(bytesPerElement(ordered.dtype));
    const auto channels = array.shape.empty() ? std::size_t{1} : static_cast<std::size_t>(array.shape.back());
    if (scale != nullptr && (scale->shift.size() != channels || scale->divisor.size() != channels))
        throw DataError("an array of " + std::to_string(channels) + " channels cannot be scaled by " +
                        std::to_string(scale->shift.size()));
    if (ordered.dtype == DType::F16 && hasFastHalves && channels > 0)
        return finiteRowsFromHalves(ordered.bytes.data(), target.data(), count / channels, channels, scale);
    bool finite = true;
    // In rows, or pieces of them, that the nearest cache holds.
    for (std::size_t row = 0; row < count; row += channels) {
        for (std::size_t channel = 0; channel < channels; channel += 2048) {
            const auto length = std::min<std::size_t>(2048, channels - channel);
            const auto first = row + channel;
            convert(ordered.dtype, ordered.bytes.data() + first * unit, target.data() + first, length);
            finite &= scaleBlock(target.data() + first, length, channel, scale);
        }
    }
    return finite;
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
