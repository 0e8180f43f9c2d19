#include "core/front/training.h"

#include "core/demo/scene_edit.h"
#include "core/train/alerts.h"
#include "core/validate/interval_validation.h"

#include <utility>

namespace nanodit {

namespace {

/// Tells a person's program of a training, and the job's context of what went wrong with that, also when the training
/// fails.
class Telling {
public:
    Telling(const Workspace& workspace, const JobContext& context)
        : sender_(workspace)
        , context_(context)
    {
    }
    ~Telling()
    {
        sender_.finish();
        tellFaults();
    }
    Telling(const Telling&) = delete;
    Telling& operator=(const Telling&) = delete;

    void tell(const TrainEvent& event)
    {
        sender_.send(event);
        tellFaults();
    }

private:
    void tellFaults()
    {
        for (const auto& fault : sender_.takeFaults())
            context_.warn(fault);
    }

    AlertSender sender_;
    const JobContext& context_;
};

} // namespace

std::unique_ptr<Job> makeTrainJob(TrainRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        Telling telling(request.workspace, context);
        EventFilter filter;
        auto told = request;
        told.onEvent = [&](const TrainEvent& event) {
            if (!filter.lets(event))
                return;
            request.onEvent(event);
            telling.tell(event);
        };
        auto validator = suiteAtIntervals(told, sceneTruth());
        return makeTrainJobWith(std::move(told), std::move(validator))->run(context);
    });
}

} // namespace nanodit
