/// How many copies of photographs, and how many other photographs, the thresholds of near duplicates find:
/// bench_duplicates FOLDER. FOLDER/PHOTOGRAPH/KIND.jpg: each photograph has a folder with "original" and with copies,
/// one a kind. Copies are held against their original, originals against each other.

#include "core/dataset/picture_fingerprint.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

constexpr std::array bitLimits = {2, 4, 6, 8, 10, 12};
constexpr std::array colourLimits = {10, 20, 30, 40, 60, 255};

struct Distance {
    int bits = 0, colours = 0;

    Distance(const PictureFingerprint& a, const PictureFingerprint& b)
        : bits(std::popcount(a.structure ^ b.structure))
        , colours(colourDistance(a, b))
    {
    }
};

std::size_t within(const std::vector<Distance>& distances, int bits, int colours)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        distances, [&](const Distance& each) { return each.bits <= bits && each.colours <= colours; }));
}

/// One line a limit of bits, one column a limit of colours.
void printTable(const char* what, const std::vector<Distance>& distances)
{
    std::printf("\n%s (%zu): found\n%8s", what, distances.size(), "bits");
    for (const int colours : colourLimits)
        std::printf("  %3d of 255", colours);
    for (const int bits : bitLimits) {
        std::printf("\n%8d", bits);
        for (const int colours : colourLimits)
            std::printf("  %10zu", within(distances, bits, colours));
    }
    std::printf("\n");
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: bench_duplicates FOLDER\n");
        return 2;
    }
    std::map<std::string, PictureFingerprint> originals;
    std::map<std::string, std::vector<Distance>> byKind;
    try {
        for (const auto& photograph : fs::directory_iterator(argv[1])) {
            std::map<std::string, PictureFingerprint> pictures;
            for (const auto& file : fs::directory_iterator(photograph))
                pictures[file.path().stem().string()] = fingerprintOf(readImage(file.path()));
            const auto& original = pictures.at("original");
            originals[photograph.path().filename().string()] = original;
            for (const auto& [kind, copy] : pictures) {
                if (kind != "original")
                    byKind[kind].emplace_back(original, copy);
            }
        }
    } catch (const Error& error) {
        std::fprintf(stderr, "bench_duplicates: %s\n", error.what());
        return 1;
    }
    std::vector<Distance> copies, others;
    std::printf("%-16s %6s %18s %18s\n", "kind of copy", "found", "bits, mean (most)", "colour, mean (most)");
    for (const auto& [kind, distances] : byKind) {
        copies.insert(copies.end(), distances.begin(), distances.end());
        double bits = 0, colours = 0;
        int mostBits = 0, mostColours = 0;
        for (const auto& each : distances) {
            bits += each.bits;
            colours += each.colours;
            mostBits = std::max(mostBits, each.bits);
            mostColours = std::max(mostColours, each.colours);
        }
        const auto count = static_cast<double>(distances.size());
        std::printf("%-16s %2zu/%-3zu %11.1f (%2d) %12.1f (%3d)\n", kind.c_str(),
                    within(distances, 4, nearDuplicateColours), distances.size(), bits / count, mostBits,
                    colours / count, mostColours);
    }
    for (auto one = originals.begin(); one != originals.end(); ++one) {
        for (auto other = std::next(one); other != originals.end(); ++other) {
            others.emplace_back(one->second, other->second);
            if (others.back().bits <= bitLimits.back() && others.back().colours <= 60)
                std::printf("alike: %s and %s, %d bits, colours %d\n", one->first.c_str(), other->first.c_str(),
                            others.back().bits, others.back().colours);
        }
    }
    printTable("copies", copies);
    printTable("pairs of different photographs", others);
    return 0;
}
