#pragma once

#include "core/io/image.h"

namespace nanodit {

/// What a person may want to know of a picture that was read.
struct PictureNotes {
    bool animated = false;       ///< There are several frames; the first was read.
    bool profileApplied = false; ///< Its colours were converted to sRGB by its ICC profile.
    bool profileIgnored = false; ///< It has an ICC profile that cannot be applied.
};

/// readImage, with what there is to say of the picture.
Image readImage(const std::filesystem::path& file, PictureNotes& notes);

/// Whether the file is a GIF, PNG or WebP of several frames, told without decoding it; false where it is missing or no
/// picture.
bool isAnimation(const std::filesystem::path& file);

} // namespace nanodit
