#pragma once

#include "core/io/image.h"

namespace nanodit {

/// Peak signal-to-noise ratio of 8-bit pictures of the same size in dB, over all pixels and channels; infinite for
/// equal ones. Throws UsageError for other sizes.
double psnr(const Image& a, const Image& b);

/// Structural similarity (Wang et al. 2004): Gaussian windows of 11 x 11 pixels and deviation 1.5 that lie wholly
/// inside, K1 = 0.01, K2 = 0.03, biased covariances, the mean over windows and the three channels. 1 for equal
/// pictures. Throws UsageError for pictures of different sizes or below 11 pixels a side.
double ssim(const Image& a, const Image& b);

} // namespace nanodit
