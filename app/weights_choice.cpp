#include "app/weights_choice.h"

#include "app/wording.h"
#include "core/front/training.h"

#include <QSignalBlocker>

#include <algorithm>

namespace nanodit {

namespace {

enum Entry { Averaged, Raw };

} // namespace

void addCheckpoints(QComboBox& list, const std::vector<RunInfo>& runs)
{
    for (const auto& run : runs) {
        for (auto folder = run.checkpoints.rbegin(); folder != run.checkpoints.rend(); ++folder)
            list.addItem(QStringLiteral("%1 · %2").arg(QString::fromStdString(run.name), checkpointTitle(*folder)),
                         QString::fromStdString(folder->string()));
    }
}

WeightsChoice::WeightsChoice(QWidget* parent)
    : QComboBox(parent)
{
    setObjectName(QStringLiteral("weights"));
    setAccessibleName(tr("Weights of the checkpoint"));
    setToolTip(tr("Their moving average, or the weights as they were trained"));
    addItems({tr("averaged weights (EMA)"), tr("raw weights")});
    hide();
}

void WeightsChoice::setCheckpoint(const std::filesystem::path& folder, bool hasBoth)
{
    folder_ = folder;
    raw_ = hasBoth ? weightsFileIn(folder, WeightsKind::Raw) : std::filesystem::path();
    setVisible(!raw_.empty());
}

void WeightsChoice::setCheckpointOf(const QComboBox& list, const std::set<std::filesystem::path>& withBoth)
{
    const std::filesystem::path folder = list.currentData().toString().toStdString();
    setCheckpoint(folder, withBoth.contains(folder));
}

bool WeightsChoice::isRaw() const
{
    return !raw_.empty() && currentIndex() == Raw;
}

std::filesystem::path WeightsChoice::chosen() const
{
    return isRaw() ? raw_ : folder_;
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

std::vector<std::filesystem::path>
WeightsChoice::checkpointsOfRun(const std::vector<RunInfo>& runs, const std::set<std::filesystem::path>& withBoth) const
{
    const auto* const run = runIn(runs);
    if (run == nullptr)
        return {};
    auto all = run->checkpoints;
    for (auto& one : all) {
        if (isRaw() && withBoth.contains(one))
            one = weightsFileIn(one, WeightsKind::Raw);
    }
    return all;
}

} // namespace nanodit
