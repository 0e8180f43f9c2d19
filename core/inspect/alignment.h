#pragma once

#include "core/dataset/certificate.h"

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace nanodit {

/// Recomputed patches, to compare stored ones with. Shapes: N patches of the bucket's grid, D width.
struct RecomputedPatches {
    GridSize grid;
    at::Tensor truth; ///< [N, D]: of the bucket image.
    /// Of pictures that a faulty pipeline would have encoded, by what it did, in words; any number of patches.
    std::vector<std::pair<std::string, at::Tensor>> mistaken;
    std::int64_t registers = 0; ///< Of the encoder, between CLS and patches.
};

/// Compares stored patches [M, D], of any floating type, with the truth and with every alternative: moved by a cell in
/// each of eight directions, transposed, mirrored, turned, read from behind the wrong token, encoded from a mistaken
/// picture. Values must be finite.
AlignmentCertificate certifyPatches(const at::Tensor& stored, const RecomputedPatches& recomputed);

} // namespace nanodit
