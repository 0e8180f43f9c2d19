#include "core/dataset/picture_fingerprint.h"

#include "core/runtime/split_mix.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

constexpr int side = 32;        ///< Of the area means.
constexpr int bits = 64;        ///< Frequencies.
constexpr int frequencies = 11; ///< Along each side; the zigzag's first 65 lie within.

std::uint64_t hashOfPixels(const Image& image)
{
    auto hash =
        splitMixed(static_cast<std::uint64_t>(image.size.width) << 32 ^ static_cast<std::uint64_t>(image.size.height));
    const auto* data = image.rgb.data();
    std::size_t left = image.rgb.size();
    for (; left > 0; left -= std::min<std::size_t>(left, 8), data += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, data, std::min<std::size_t>(left, 8));
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 32;
    }
    return splitMixed(hash);
}

/// The pixels along a side that one of 32 equal parts covers: the first and the last one perhaps in part.
struct Span {
    std::int64_t first = 0, last = 0;
    double ofFirst = 0, ofLast = 0; ///< Shares; of the last one 0 where it is the first.
};
std::array<Span, side> spansOf(std::int64_t pixels)
{
    std::array<Span, side> spans;
    const double length = static_cast<double>(pixels) / side;
    for (int i = 0; i < side; ++i) {
        const double begin = i * length, end = i == side - 1 ? static_cast<double>(pixels) : (i + 1) * length;
        auto& span = spans[static_cast<std::size_t>(i)];
        span.first = static_cast<std::int64_t>(begin);
        span.last = std::max(span.first, static_cast<std::int64_t>(std::ceil(end)) - 1);
        span.ofFirst = std::min(end, static_cast<double>(span.first + 1)) - begin;
        span.ofLast = span.last > span.first ? end - static_cast<double>(span.last) : 0;
    }
    return spans;
}

/// [32, 32, 3]: means of the picture's colours over equal areas.
using Means = std::vector<double>;

/// Sums over each span of a row of pixels: [32, 3].
void sumAlongRow(const std::uint8_t* row, const std::array<Span, side>& spans, std::vector<double>& sums)
{
    for (std::size_t i = 0; i < side; ++i) {
        const auto& span = spans[i];
        std::array<std::uint32_t, 3> inside{};
        for (const auto* pixel = row + 3 * (span.first + 1); pixel < row + 3 * span.last; pixel += 3) {
            for (std::size_t c = 0; c < 3; ++c)
                inside[c] += pixel[c];
        }
        for (std::size_t c = 0; c < 3; ++c)
            sums[3 * i + c] = inside[c] + span.ofFirst * row[3 * static_cast<std::size_t>(span.first) + c] +
                              span.ofLast * row[3 * static_cast<std::size_t>(span.last) + c];
    }
}

Means areaMeans(const Image& image)
{
    const auto columns = spansOf(image.size.width);
    const auto rows = spansOf(image.size.height);
    const double area = static_cast<double>(image.size.width * image.size.height) / (side * side);
    Means means(side * side * 3);
    std::vector<double> sums(side * 3);
    std::int64_t summed = -1; // the row that `sums` holds
    for (std::size_t i = 0; i < side; ++i) {
        auto* const target = means.data() + i * sums.size();
        for (auto y = rows[i].first; y <= rows[i].last; ++y) {
            if (y != std::exchange(summed, y))
                sumAlongRow(image.at(0, y), columns, sums);
            const double weight = y == rows[i].first ? rows[i].ofFirst : y == rows[i].last ? rows[i].ofLast : 1.0;
            for (std::size_t k = 0; k < sums.size(); ++k)
                target[k] += weight * sums[k] / area;
        }
    }
    return means;
}

/// The orthonormal cosine transform's lowest frequencies, [11, 11], of the brightness.
std::vector<double> lowFrequencies(const Means& means)
{
    static const auto waves = [] {
        std::array<std::array<double, side>, frequencies> table{};
        for (int k = 0; k < frequencies; ++k) {
            for (int x = 0; x < side; ++x)
                table[static_cast<std::size_t>(k)][static_cast<std::size_t>(x)] =
                    std::sqrt((k == 0 ? 1.0 : 2.0) / side) *
                    std::cos(std::numbers::pi * k * (2 * x + 1) / (2.0 * side));
        }
        return table;
    }();
    std::vector<double> alongRows(side * frequencies);
    for (std::size_t y = 0; y < side; ++y) {
        for (std::size_t x = 0; x < side; ++x) {
            const auto* const rgb = means.data() + 3 * (y * side + x);
            const double brightness = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
            for (std::size_t k = 0; k < frequencies; ++k)
                alongRows[y * frequencies + k] += brightness * waves[k][x];
        }
    }
    std::vector<double> both(frequencies * frequencies);
    for (std::size_t v = 0; v < frequencies; ++v) {
        for (std::size_t y = 0; y < side; ++y) {
            for (std::size_t u = 0; u < frequencies; ++u)
                both[v * frequencies + u] += alongRows[y * frequencies + u] * waves[v][y];
        }
    }
    return both;
}

/// Coefficients of the 64 lowest frequencies but the constant one, by growing sum of both.
std::array<double, bits> inZigzag(const std::vector<double>& coefficients)
{
    std::array<double, bits> ordered{};
    std::size_t next = 0;
    for (int sum = 1; next < bits; ++sum) {
        for (int step = 0; step <= sum && next < bits; ++step) {
            const int v = sum % 2 == 0 ? step : sum - step, u = sum - v;
            if (v < frequencies && u < frequencies)
                ordered[next++] = coefficients[static_cast<std::size_t>(v * frequencies + u)];
        }
    }
    return ordered;
}

std::uint64_t structureOf(const Means& means)
{
    auto coefficients = inZigzag(lowFrequencies(means));
    for (auto& coefficient : coefficients) {
        if (std::abs(coefficient) < 1) // a plain picture has rounding for a structure
            coefficient = 0;
    }
    auto sorted = coefficients;
    std::ranges::nth_element(sorted, sorted.begin() + bits / 2);
    const double median = sorted[bits / 2];
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < bits; ++i)
        hash |= static_cast<std::uint64_t>(coefficients[i] > median) << i;
    return hash;
}

} // namespace

PictureFingerprint fingerprintOf(const Image& image)
{
    PictureFingerprint fingerprint;
    fingerprint.pixels = hashOfPixels(image);
    const auto means = areaMeans(image);
    fingerprint.structure = structureOf(means);
    constexpr int cells = PictureFingerprint::colourCells, perCell = side / cells;
    for (int y = 0; y < cells; ++y) {
        for (int x = 0; x < cells; ++x) {
            for (int c = 0; c < 3; ++c) {
                double sum = 0;
                for (int dy = 0; dy < perCell; ++dy) {
                    for (int dx = 0; dx < perCell; ++dx)
                        sum += means[static_cast<std::size_t>(3 * ((y * perCell + dy) * side + x * perCell + dx) + c)];
                }
                fingerprint.colours[static_cast<std::size_t>(3 * (y * cells + x) + c)] =
                    static_cast<std::uint8_t>(std::lround(sum / (perCell * perCell)));
            }
        }
    }
    return fingerprint;
}

int colourDistance(const PictureFingerprint& a, const PictureFingerprint& b)
{
    int largest = 0;
    for (std::size_t i = 0; i < a.colours.size(); ++i)
        largest = std::max(largest, std::abs(int{a.colours[i]} - int{b.colours[i]}));
    return largest;
}

} // namespace nanodit
