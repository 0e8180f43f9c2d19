#include "app/compute_setting.h"

#include "app/background_queue.h"

#include <utility>

namespace nanodit {

ComputeSetting::ComputeSetting(BackgroundQueue& background)
    : background_(background)
{
    findOut();
}

void ComputeSetting::choose(const ComputeChoice& choice)
{
    if (isSame(choice, choice_))
        return;
    choice_ = choice;
    findOut();
}

void ComputeSetting::findOut()
{
    background_.ask(
        this,
        [choice = choice_] {
            return ComputeState{.info = computeInfo(), .chosen = chosenCompute(choice), .devices = computeDevices()};
        },
        [this](ComputeState state) {
            state_ = std::move(state);
            Q_EMIT known();
        });
}

} // namespace nanodit
