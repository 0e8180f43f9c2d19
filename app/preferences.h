#pragma once

#include "app/page_table.h"
#include "app/plots/plot_layout.h"
#include "core/runtime/compute_choice.h"
#include "widgets/theme.h"

#include <QByteArray>
#include <QSettings>
#include <QStringList>

#include <optional>

namespace nanodit {

/// What the window remembers between starts.
class Preferences {
public:
    /// The user's own; tests give a file.
    Preferences() = default;
    explicit Preferences(const QString& file)
        : settings_(file, QSettings::IniFormat)
    {
    }

    /// Newest first, whether they are there now or not: disks that are away come back.
    QStringList recentWorkspaces() const;
    void addRecentWorkspace(const QString& folder);
    ThemeMode theme() const;
    void setTheme(ThemeMode mode);
    /// `otherwise` with the device and the precision that were chosen in the window, where they were.
    ComputeChoice compute(ComputeChoice otherwise = {}) const;
    void setCompute(const ComputeChoice& compute);
    /// How the plots of a page were arranged last in a workspace.
    PlotLayout plotLayout(const QString& page, const QString& workspace) const;
    void setPlotLayout(const QString& page, const QString& workspace, const PlotLayout& layout);
    /// How a part of the window was arranged; empty where that was not kept.
    QByteArray arrangement(const QString& part) const;
    void setArrangement(const QString& part, const QByteArray& state);
    /// The page that was shown last.
    std::optional<Page> lastPage() const;
    void setLastPage(Page page);
    /// That was opened last, whether it is there now or not; empty where there is none.
    QString lastWorkspace() const;
    QByteArray windowGeometry() const;
    void setWindowGeometry(const QByteArray& geometry);

private:
    QSettings settings_;
};

} // namespace nanodit
