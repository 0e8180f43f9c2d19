#include "core/front/validation.h"

#include "core/demo/scene_edit.h"
#include "core/validate/validate_job.h"

#include <utility>

namespace nanodit {

std::unique_ptr<Job> makeValidateJob(ValidateRequest request)
{
    return makeValidateJobWith(std::move(request), sceneTruth());
}

} // namespace nanodit
