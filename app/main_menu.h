#pragma once

#include <QMenu>

class QToolButton;

namespace nanodit {

class Commands;
class Preferences;
class RecentWorkspaces;
class Theme;

/// The window's menu, and the keys of its entries: workspaces, settings, the theme, help. It chooses the theme itself
/// and closes the window; the rest is asked of the window.
class MainMenu : public QMenu {
    Q_OBJECT

public:
    /// `button` opens it.
    MainMenu(QToolButton* button, Theme& theme, Preferences& preferences, RecentWorkspaces& recent, Commands& commands,
             QWidget* window);
    /// A workspace is open, which has settings.
    void setHasWorkspace(bool has);

Q_SIGNALS:
    void openWanted();
    void newWanted();
    void demoWanted();
    void recentWanted(const QString& folder);
    void settingsWanted();
    void shortcutsWanted();
    void aboutWanted();

private:
    void addRecent(RecentWorkspaces& workspaces);
    void addThemes(Theme& theme, Preferences& preferences);

    QAction* settings_;
};

} // namespace nanodit
