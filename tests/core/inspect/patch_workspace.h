#pragma once

#include "core/config/workspace_config.h"
#include "core/geometry/bucket.h"
#include "core/io/image.h"
#include "core/preprocess/pass_encoders.h"
#include "tests/support/test_data.h"

#include <ATen/core/Tensor.h>

#include <string>

namespace nanodit::test {

/// A workspace of pictures with something different in every place, and an encoder whose patches tell what is there: a
/// fixed projection of the 16 x 16 pixels. The pass dinov3 has been run.
class PatchWorkspace {
public:
    explicit PatchWorkspace(int count = 4);

    PassEncoders encoders();
    void preprocess();
    void draw(int index, std::uint64_t seed) const;
    std::filesystem::path picture(int index) const;
    std::string id(int index) const { return "picture" + std::to_string(index); }
    /// Bucket 192x128 for even ones, 128x192 for odd ones; none of the pictures has its bucket's shape.
    ImageSize bucket(int index) const;

    std::filesystem::path patchFile(int index) const;
    /// As stored, [rows, cols, D], float32.
    at::Tensor patches(int index) const;
    /// [rows, cols, D] or [N, D].
    void store(int index, const at::Tensor& patches) const;
    /// What the encoder gives for a picture: [N, D].
    at::Tensor encode(const Image& image);

    TemporaryFolder folder;
    Workspace workspace;
    std::string fingerprint = "projection-one";
    std::int64_t registers = 4;
    std::int64_t encoded = 0; ///< Pictures.
    int count;
};

} // namespace nanodit::test
