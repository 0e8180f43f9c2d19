#pragma once

#include "core/geometry/bucket.h"
#include "core/io/image.h"

#include <cstdint>
#include <vector>

namespace nanodit {

/// Peak signal-to-noise ratio of 8-bit pictures of the same size in dB, over all pixels and channels; infinite for
/// equal ones. Throws UsageError for other sizes.
double psnr(const Image& a, const Image& b);

/// Structural similarity (Wang et al. 2004): Gaussian windows of 11 x 11 pixels and deviation 1.5 that lie wholly
/// inside, K1 = 0.01, K2 = 0.03, biased covariances, the mean over windows and the three channels. 1 for equal
/// pictures. Throws UsageError for pictures of different sizes or below 11 pixels a side.
double ssim(const Image& a, const Image& b);

/// Mean absolute difference of 8-bit pictures outside some cells of a grid laid over them, over pixels and channels, as
/// a fraction of the range; 0 where nothing lies outside. Throws UsageError for other sizes.
double changeOutside(const Image& a, const Image& b, GridSize grid, const std::vector<std::int64_t>& cells);

} // namespace nanodit
