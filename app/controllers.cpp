#include "app/controllers.h"

#include "app/session.h"

namespace nanodit {

Controllers::Controllers(Session& session)
    : settings(session)
    , datasetJobs(session)
    , training(session)
    , looking(session)
    , comparison(session)
    , sampling(session)
    , validating(session)
    , session_(session)
{
}

Controllers::~Controllers()
{
    session_.endAllJobs();
}

} // namespace nanodit
