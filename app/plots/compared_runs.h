#pragma once

#include "app/plots/plot_panel.h"

#include <QToolButton>

namespace nanodit {

class RunCurvesCache;
class Session;

/// A button whose menu lists the runs of the workspace, to draw some of them over the one that a page shows.
class ComparedRuns : public QToolButton {
    Q_OBJECT

public:
    explicit ComparedRuns(Session& session, QWidget* parent = nullptr);
    /// The run that the page shows: it is not offered.
    void setShown(const QString& name);
    /// Those that were chosen and are still there.
    std::vector<PlottedRun> chosen();
    void choose(const QStringList& names);

Q_SIGNALS:
    void changed();

private:
    void fillMenu();
    void showCount();

    Session& session_;
    RunCurvesCache* curves_;
    QString shown_;
    QStringList names_;
};

} // namespace nanodit
