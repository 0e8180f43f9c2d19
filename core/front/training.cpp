#include "core/front/training.h"

#include "core/demo/scene_edit.h"
#include "core/validate/interval_validation.h"

#include <utility>

namespace nanodit {

std::unique_ptr<Job> makeTrainJob(TrainRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        return makeTrainJobWith(request, suiteAtIntervals(request, sceneTruth()))->run(context);
    });
}

} // namespace nanodit
