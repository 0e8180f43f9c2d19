#pragma once

#include "app/plots/plot_layout.h"
#include "core/runtime/compute_choice.h"
#include "widgets/theme.h"

#include <QByteArray>
#include <QSettings>
#include <QStringList>

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

    /// Newest first, those that are there: one on a disk that is away is listed again once it is back.
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
    QByteArray windowGeometry() const;
    void setWindowGeometry(const QByteArray& geometry);

private:
    QSettings settings_;
};

} // namespace nanodit
