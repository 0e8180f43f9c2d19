#include "core/io/colour_profile.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <type_traits>
#include <utility>

#ifdef NANODIT_HAS_LCMS
#include <lcms2.h>
#endif

namespace nanodit {

namespace {

/// One sample in 8 bits.
int eightBits(const StoredPicture& stored, const std::uint8_t* row, std::size_t index)
{
    if (stored.bits == 8)
        return row[index];
    return (reinterpret_cast<const std::uint16_t*>(row)[index] + 128) / 257;
}

/// RGB of a row without a profile.
void plainRow(const StoredPicture& stored, const std::uint8_t* row, std::uint8_t* target)
{
    const auto channels = static_cast<std::size_t>(stored.channels);
    for (std::size_t x = 0; x < static_cast<std::size_t>(stored.size.width); ++x, target += 3) {
        const auto first = x * channels;
        if (stored.inks) {
            const int black = eightBits(stored, row, first + 3);
            for (std::size_t c = 0; c < 3; ++c)
                target[c] = static_cast<std::uint8_t>(black - ((255 - eightBits(stored, row, first + c)) * black >> 8));
        } else {
            for (std::size_t c = 0; c < 3; ++c)
                target[c] = static_cast<std::uint8_t>(eightBits(stored, row, channels < 3 ? first : first + c));
        }
    }
}

void compositeOverWhite(const StoredPicture& stored, const std::uint8_t* row, std::uint8_t* target)
{
    const auto channels = static_cast<std::size_t>(stored.channels);
    for (std::size_t x = 0; x < static_cast<std::size_t>(stored.size.width); ++x, target += 3) {
        const int alpha = eightBits(stored, row, x * channels + channels - 1);
        for (std::size_t c = 0; c < 3; ++c)
            target[c] = static_cast<std::uint8_t>((target[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

#ifdef NANODIT_HAS_LCMS

/// A conversion of a picture's samples to sRGB; empty where its profile cannot be used.
class ProfileTransform {
public:
    explicit ProfileTransform(const StoredPicture& stored)
        : context_(cmsCreateContext(nullptr, nullptr), cmsDeleteContext)
    {
        const Profile from(stored.profile.empty()
                               ? profileOf(*stored.colours, stored.channels)
                               : cmsOpenProfileFromMemTHR(context_.get(), stored.profile.data(),
                                                          static_cast<cmsUInt32Number>(stored.profile.size())),
                           cmsCloseProfile);
        const Profile to(cmsCreate_sRGBProfileTHR(context_.get()), cmsCloseProfile);
        if (!from || !to)
            return;
        const auto space = cmsGetColorSpace(from.get());
        const auto bytes = static_cast<cmsUInt32Number>(stored.bits / 8);
        const bool hasAlpha = stored.channels == 2 || (stored.channels == 4 && !stored.inks);
        cmsUInt32Number format = BYTES_SH(bytes) | EXTRA_SH(hasAlpha ? 1u : 0u);
        if (stored.inks && space == cmsSigCmykData)
            format |= COLORSPACE_SH(PT_CMYK) | CHANNELS_SH(4u) | FLAVOR_SH(1u);
        else if (!stored.inks && stored.channels >= 3 && space == cmsSigRgbData)
            format |= COLORSPACE_SH(PT_RGB) | CHANNELS_SH(3u);
        else if (stored.channels <= 2 && space == cmsSigGrayData)
            format |= COLORSPACE_SH(PT_GRAY) | CHANNELS_SH(1u);
        else
            return;
        transform_.reset(cmsCreateTransformTHR(context_.get(), from.get(), format, to.get(), TYPE_RGB_8,
                                               INTENT_PERCEPTUAL, cmsFLAGS_NOCACHE));
        if (transform_ && !stored.inks)
            changesNothing_ = saysSrgb(from.get(), to.get(), stored.channels);
    }
    explicit operator bool() const { return transform_ != nullptr; }
    /// Most profiles say sRGB in one way or another; such pictures keep their values exactly.
    bool changesNothing() const { return changesNothing_; }
    void convertRow(const std::uint8_t* row, std::uint8_t* target, std::int64_t pixels) const
    {
        cmsDoTransform(transform_.get(), row, target, static_cast<cmsUInt32Number>(pixels));
    }

private:
    using Profile = std::unique_ptr<void, decltype(&cmsCloseProfile)>;

    /// Null where the colours make no sense.
    cmsHPROFILE profileOf(const NamedColours& colours, int channels) const
    {
        constexpr std::array<double, 5> srgbCurve = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
        constexpr int powerWithLinearPart = 4;
        const std::unique_ptr<cmsToneCurve, decltype(&cmsFreeToneCurve)> curve(
            colours.gamma > 0 ? cmsBuildGamma(context_.get(), colours.gamma)
                              : cmsBuildParametricToneCurve(context_.get(), powerWithLinearPart, srgbCurve.data()),
            cmsFreeToneCurve);
        if (!curve)
            return nullptr;
        if (channels <= 2) // grey has no hue
            return cmsCreateGrayProfileTHR(context_.get(), cmsD50_xyY(), curve.get());
        const auto place = [](NamedColours::Place at) { return cmsCIExyY{.x = at.x, .y = at.y, .Y = 1}; };
        const auto white = place(colours.white);
        const cmsCIExyYTRIPLE primaries{place(colours.primaries[0]), place(colours.primaries[1]),
                                        place(colours.primaries[2])};
        cmsToneCurve* const curves[] = {curve.get(), curve.get(), curve.get()};
        if (white.y <= 0)
            return nullptr;
        return cmsCreateRGBProfileTHR(context_.get(), &white, &primaries, curves);
    }
    bool saysSrgb(cmsHPROFILE from, cmsHPROFILE to, int channels) const
    {
        const bool grey = channels <= 2;
        const std::unique_ptr<void, decltype(&cmsDeleteTransform)> probe(
            cmsCreateTransformTHR(context_.get(), from, grey ? TYPE_GRAY_8 : TYPE_RGB_8, to, TYPE_RGB_8,
                                  INTENT_PERCEPTUAL, cmsFLAGS_NOCACHE),
            cmsDeleteTransform);
        if (!probe)
            return false;
        constexpr int steps = 9, mostDifference = 2;
        for (int i = 0; i < (grey ? 256 : steps * steps * steps); ++i) {
            constexpr int step = 255 / (steps - 1);
            const std::array<std::uint8_t, 3> colour =
                grey ? std::array{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i),
                                  static_cast<std::uint8_t>(i)}
                     : std::array{static_cast<std::uint8_t>(i % steps * step),
                                  static_cast<std::uint8_t>(i / steps % steps * step),
                                  static_cast<std::uint8_t>(i / steps / steps * step)};
            std::array<std::uint8_t, 3> shown{};
            cmsDoTransform(probe.get(), colour.data(), shown.data(), 1);
            for (std::size_t c = 0; c < 3; ++c) {
                if (std::abs(int{shown[c]} - int{colour[c]}) > mostDifference)
                    return false;
            }
        }
        return true;
    }

    std::unique_ptr<std::remove_pointer_t<cmsContext>, decltype(&cmsDeleteContext)> context_;
    std::unique_ptr<void, decltype(&cmsDeleteTransform)> transform_{nullptr, cmsDeleteTransform};
    bool changesNothing_ = false;
};

#else

class ProfileTransform {
public:
    explicit ProfileTransform(const StoredPicture&) {}
    explicit operator bool() const { return false; }
    bool changesNothing() const { return false; }
    void convertRow(const std::uint8_t*, std::uint8_t*, std::int64_t) const {}
};

#endif

} // namespace

Image srgbFrom(StoredPicture stored, ProfileUse& use)
{
    use = stored.profileRefused ? ProfileUse::Ignored : ProfileUse::None;
    std::unique_ptr<ProfileTransform> transform;
    if (!stored.profile.empty() || stored.colours) {
        transform = std::make_unique<ProfileTransform>(stored);
        if (!*transform)
            use = ProfileUse::Ignored;
        else if (!transform->changesNothing())
            use = ProfileUse::Applied;
    }
    if (use != ProfileUse::Applied && stored.channels == 3 && stored.bits == 8)
        return {.size = stored.size, .rgb = std::move(stored.samples)};
    Image image{.size = stored.size, .rgb = {}};
    const auto rowBytes = 3 * static_cast<std::size_t>(stored.size.width);
    image.rgb.resize(rowBytes * static_cast<std::size_t>(stored.size.height));
    for (std::size_t y = 0; y < static_cast<std::size_t>(stored.size.height); ++y) {
        const auto* const row = stored.samples.data() + y * stored.rowBytes();
        auto* const target = image.rgb.data() + y * rowBytes;
        if (use == ProfileUse::Applied)
            transform->convertRow(row, target, stored.size.width);
        else
            plainRow(stored, row, target);
        if (stored.channels == 2 || (stored.channels == 4 && !stored.inks))
            compositeOverWhite(stored, row, target);
    }
    return image;
}

} // namespace nanodit
