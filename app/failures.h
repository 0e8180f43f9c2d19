#pragma once

#include "core/runtime/remedy.h"

#include <QString>

namespace nanodit {

class Banner;

/// Shows what could not be done, why, and a button for what helps, where the window can do it (app/remedies.h).
void showFailure(Banner& banner, const QString& what, const Notice& why);

/// Takes what a signal says of failures to a banner.
inline auto failuresIn(Banner* banner)
{
    return [banner](const QString& what, const Notice& why) { showFailure(*banner, what, why); };
}

} // namespace nanodit
