#pragma once

/// Small drawn pictures for benchmarks of large sets.

#include "core/io/image.h"
#include "tests/bench/measured_step.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace nanodit::bench {

namespace fs = std::filesystem;

/// 4 x 4 colours, blended to 32 x 32.
inline Image drawnSmall(std::mt19937_64& random)
{
    Image seeds{.size = {4, 4}, .rgb = std::vector<std::uint8_t>(48)};
    for (auto& value : seeds.rgb)
        value = static_cast<std::uint8_t>(random());
    return resizeForDisplay(seeds, {32, 32});
}

/// Distinct pictures with captions, of which one in a hundred is there twice and one in a hundred nearly so.
inline void drawSmallPictures(const fs::path& folder, std::int64_t count)
{
    std::mt19937_64 random(1);
    Image image;
    for (std::int64_t i = 0; i < count; ++i) {
        if (i % 100 == 51) {
            for (auto& value : image.rgb)
                value = static_cast<std::uint8_t>(std::min(255, value + 2));
        } else if (i % 100 != 50) {
            image = drawnSmall(random);
        }
        char name[64];
        std::snprintf(name, sizeof name, "%03lld/%07lld", static_cast<long long>(i / 1000), static_cast<long long>(i));
        fs::create_directories((folder / name).parent_path());
        const auto png = encodePng(image);
        std::ofstream(folder / (std::string(name) + ".png"), std::ios::binary)
            .write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
        std::ofstream(folder / (std::string(name) + ".txt")) << "drawn picture number " << i;
    }
}

/// Where a benchmark of a large set works.
struct SmallSet {
    std::int64_t count = 0;
    fs::path folder, pictures;
};

/// Of the arguments [count] [folder]. The pictures are drawn unless an earlier run did that; a workspace that is there
/// is removed.
inline SmallSet smallSet(int argc, char** argv)
{
    SmallSet set{.count = argc > 1 ? std::atoll(argv[1]) : 100000,
                 .folder = argc > 2 ? fs::path(argv[2]) : fs::temp_directory_path() / "nanodit-bench-import",
                 .pictures = {}};
    set.pictures = set.folder / "pictures";
    fs::remove_all(set.folder / "workspace");
    if (!fs::exists(set.pictures))
        measure("drawing the pictures", set.count, [&] { drawSmallPictures(set.pictures, set.count); });
    return set;
}

} // namespace nanodit::bench
