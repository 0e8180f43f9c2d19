#include "app/weights_choice.h"

#include "core/front/training.h"

#include <QSignalBlocker>

#include <algorithm>

namespace nanodit {

namespace {

enum Entry { Averaged, Raw };

} // namespace

WeightsChoice::WeightsChoice(QWidget* parent)
    : QComboBox(parent)
{
    setObjectName(QStringLiteral("weights"));
    setAccessibleName(tr("Weights of the checkpoint"));
    setToolTip(tr("Their moving average, or the weights as they were trained"));
    addItems({tr("averaged weights (EMA)"), tr("raw weights")});
    hide();
}

void WeightsChoice::setCheckpoint(const std::filesystem::path& folder)
{
    folder_ = folder;
    both_ = !folder.empty() && hasBothWeights(folder);
    setVisible(both_);
}

std::filesystem::path WeightsChoice::chosen() const
{
    return both_ && currentIndex() == Raw ? weightsFile(folder_, WeightsKind::Raw) : folder_;
}

std::filesystem::path WeightsChoice::choose(const std::filesystem::path& checkpoint)
{
    const QSignalBlocker quiet(this);
    setCurrentIndex(weightsKindOf(checkpoint) == WeightsKind::Raw ? Raw : Averaged);
    return weightsKindOf(checkpoint) ? checkpoint.parent_path() : checkpoint;
}

const RunInfo* WeightsChoice::runIn(const std::vector<RunInfo>& runs) const
{
    const auto folder = folder_.parent_path().parent_path(); // of checkpoints/step-00000010
    const auto run = std::ranges::find(runs, folder, &RunInfo::folder);
    return run == runs.end() ? nullptr : &*run;
}

std::vector<std::filesystem::path> WeightsChoice::checkpointsOfRun(const std::vector<RunInfo>& runs) const
{
    const auto* const run = runIn(runs);
    if (run == nullptr)
        return {};
    auto all = run->checkpoints;
    for (auto& one : all) {
        if (both_ && currentIndex() == Raw && hasBothWeights(one))
            one = weightsFile(one, WeightsKind::Raw);
    }
    return all;
}

} // namespace nanodit
