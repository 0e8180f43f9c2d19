#pragma once

#include "core/io/image.h"
#include "core/io/stored_picture.h"

namespace nanodit {

/// What became of a picture's ICC profile, or of the colours that its header describes.
enum class ProfileUse {
    None,    ///< The file says nothing, or what sRGB says.
    Applied, ///< Colours were converted to sRGB by it.
    Ignored  ///< It is damaged or belongs to other channels, or the program was built without LittleCMS.
};

/// A stored picture as 8-bit sRGB: its profile or described colours applied (perceptual intent), alpha composited over
/// white, 16 bits scaled to 8, grey and CMYK converted.
Image srgbFrom(StoredPicture stored, ProfileUse& use);

} // namespace nanodit
