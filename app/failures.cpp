#include "app/failures.h"

#include "app/wording.h"
#include "widgets/banner.h"

namespace nanodit {

void showFailure(Banner& banner, const QString& what, const Notice& why)
{
    const auto action = why.remedy ? remedyAction(*why.remedy) : QString();
    if (action.isEmpty())
        banner.showFailure(what, noticeText(why));
    else
        banner.showFailure(what, noticeText(why), *why.remedy, action);
}

} // namespace nanodit
