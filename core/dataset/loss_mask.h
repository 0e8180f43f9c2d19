#pragma once

#include "core/geometry/bucket.h"
#include "core/io/array.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace nanodit {

/// Behind a picture's name without ending; the mask is a PNG.
inline constexpr std::string_view lossMaskEnding = "-mask";

/// "cat" of "cat-mask", in capitals or not; empty for other names. All without an ending.
std::string lossMaskedStem(const std::string& stem);

/// Finds the masks of pictures. A folder is listed once, and again when it has changed, so ask one object for all
/// pictures. One thread.
class LossMasks {
public:
    /// NAME-mask.png beside a picture NAME.jpg ("-mask" and ".png" in capitals or not): what of it is learnt. Where
    /// none is called so, the one whose NAME means the same on other systems (comparable_name.h), if it is the only one
    /// of its folder and the picture is, too. Empty where there is none.
    std::filesystem::path of(const std::filesystem::path& picture);

private:
    /// Names of masks by those of their pictures, without ending.
    using Masks = std::map<std::string, std::filesystem::path>;
    static Masks listed(const std::filesystem::path& folder);

    struct Folder {
        std::optional<std::filesystem::file_time_type> changed;
        Masks masks;
    };
    std::map<std::filesystem::path, Folder> folders_;
};

/// The weights of a picture's loss, one for each latent pixel of its bucket: [rows, cols], float32, 0 (black in the
/// mask) to 1 (white), the mean over what the latent pixel covers, through the crop of the bucket image. Throws
/// DataError naming the file when it cannot be read, has not the proportions of the picture, or is black all over the
/// bucket.
Array lossMask(const std::filesystem::path& file, ImageSize picture, ImageSize bucket, GridSize latent);

} // namespace nanodit
