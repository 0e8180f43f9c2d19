#include "widgets/progress_share.h"

#include <QProgressBar>

namespace nanodit {

void showShare(QProgressBar& bar, std::int64_t done, std::int64_t total)
{
    constexpr int parts = 1000;
    bar.setRange(0, total > 0 ? parts : 0);
    if (total > 0)
        bar.setValue(static_cast<int>(parts * done / total));
}

} // namespace nanodit
