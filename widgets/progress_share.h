#pragma once

#include <cstdint>

class QProgressBar;

namespace nanodit {

/// Shows how much is done; where the total is not known, which is 0, the bar moves.
void showShare(QProgressBar& bar, std::int64_t done, std::int64_t total);

} // namespace nanodit
