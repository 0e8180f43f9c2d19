#pragma once

#include "app/plots/run_curves.h"

#include <QHash>

namespace nanodit {

/// The curves of a workspace's runs, each read when it is first asked for.
class RunCurvesCache : public QObject {
    Q_OBJECT

public:
    explicit RunCurvesCache(BackgroundQueue& readings, QObject* parent = nullptr);
    /// Of a run, being read; null for a name that no run has.
    RunCurves* of(const std::vector<RunInfo>& runs, const QString& name);
    /// Reads on in those that were read: other programs train, too.
    void readOn();
    /// Of that name: another run has it now, or none.
    void forget(const QString& name);
    void clear();

private:
    BackgroundQueue& readings_;
    QHash<QString, RunCurves*> curves_;
};

} // namespace nanodit
