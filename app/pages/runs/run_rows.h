#pragma once

/// What the table of runs shows, as values. Knows no widgets.

#include "core/front/runs.h"
#include "core/front/training.h"

#include <QString>
#include <QStringList>

#include <vector>

namespace nanodit {

/// A run with what somebody wrote down about it.
struct ListedRun : RunOverview {
    RunNotes notes;
    bool held = false; ///< Another program trains it.
};

/// A run as the table's cells.
struct RunRow {
    RunState state = RunState::Stopped;
    QString name, stateText, steps, time, loss, speed, measured, size;
    QString measuredHelp; ///< Every key metric of its newest report, a line each.
};
/// `running`: whether it is being trained now.
RunRow runRow(const RunOverview& overview, bool running);

/// A command that trains a run like this one, for a POSIX shell: its configuration, in its workspace, under a name that
/// none of `runs` has.
QString trainCommand(const Workspace& workspace, const std::vector<RunInfo>& runs, const std::string& name);

/// A line of the table of differences: the setting, then a cell a run; "–" where a run has no configuration.
std::vector<QStringList> settingRows(const std::vector<FieldDifference>& differences);

} // namespace nanodit
