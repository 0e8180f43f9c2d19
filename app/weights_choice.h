#pragma once

#include <QComboBox>

#include <filesystem>
#include <set>
#include <vector>

namespace nanodit {

struct RunInfo;

/// Adds every checkpoint of the runs, of each run the newest first: "mine · step 2000", with its folder as data.
void addCheckpoints(QComboBox& list, const std::vector<RunInfo>& runs);

/// Which weights of a checkpoint are opened: their moving average, or those as they were trained. There is a choice
/// only where the checkpoint has both; elsewhere it is hidden. Asks no disk.
class WeightsChoice : public QComboBox {
    Q_OBJECT

public:
    explicit WeightsChoice(QWidget* parent = nullptr);

    /// The checkpoint whose weights are chosen from now on; empty: none. `hasBoth`: it holds raw weights, too.
    void setCheckpoint(const std::filesystem::path& folder, bool hasBoth);
    /// The one that is chosen in a list of addCheckpoints(); `withBoth`: those that hold raw weights, too.
    void setCheckpointOf(const QComboBox& list, const std::set<std::filesystem::path>& withBoth);
    /// The folder for the average, or the file of the raw weights, whether they are still there or not.
    std::filesystem::path chosen() const;
    /// As chosen() gives it for a checkpoint; gives its folder. Tells nobody.
    std::filesystem::path choose(const std::filesystem::path& checkpoint);
    /// The one of `runs` that the checkpoint is of; null: none.
    const RunInfo* runIn(const std::vector<RunInfo>& runs) const;
    /// The checkpoints of that run, oldest first, each with the same weights, where it is among those with both.
    std::vector<std::filesystem::path> checkpointsOfRun(const std::vector<RunInfo>& runs,
                                                        const std::set<std::filesystem::path>& withBoth) const;

private:
    bool isRaw() const;

    std::filesystem::path folder_;
    std::filesystem::path raw_; ///< The file beside the average; empty where there is no choice.
};

} // namespace nanodit
