#pragma once

#include "core/runtime/pass.h"

#include <array>
#include <string>

namespace nanodit {

/// The arrays below data/derived: t5, vae, dinov3 (CLS), dinov3_patches.
enum class ArrayKind { T5, Vae, DinoCls, DinoPatches };
inline constexpr std::array<const char*, 4> arrayFolderNames = {"t5", "vae", "dinov3", "dinov3_patches"};

std::string passName(Pass pass);            ///< "t5", "vae", "dinov3"
Pass passFromName(const std::string& name); ///< Throws UsageError.

/// What an array is made of.
enum class ArrayInput { Picture, Caption, Bucket, PassSettings, Encoder };
/// One of them that is another now than when the array was made.
struct InputChange {
    ArrayInput input = ArrayInput::Picture;
    std::string before, now; ///< For people, where it says something: buckets, settings, the encoder's fingerprint.
    bool operator==(const InputChange&) const = default;
};
/// "the caption", "the bucket (1216x832 before, 1024x1024 now)"
std::string inWords(const InputChange& change);

} // namespace nanodit
