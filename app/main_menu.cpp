#include "app/main_menu.h"

#include "app/preferences.h"
#include "app/recent_workspaces.h"
#include "widgets/commands.h"
#include "widgets/icons.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QActionGroup>
#include <QToolButton>

#include <utility>

namespace nanodit {

MainMenu::MainMenu(QToolButton* button, Theme& theme, Preferences& preferences, RecentWorkspaces& recent,
                   Commands& commands, QWidget* window)
    : QMenu(window)
{
    button->setMenu(this);
    button->setPopupMode(QToolButton::InstantPopup);
    auto* const open =
        addAction(nanodit::icon(QStringLiteral("folder")), tr("Open workspace…"), this, &MainMenu::openWanted);
    auto* const make = addAction(nanodit::icon(QStringLiteral("folder-add")), tr("New workspace from pictures…"), this,
                                 &MainMenu::newWanted);
    addAction(nanodit::icon(QStringLiteral("demo")), tr("Demo workspace…"), this, &MainMenu::demoWanted);
    addRecent(recent);
    settings_ =
        addAction(nanodit::icon(QStringLiteral("edit")), tr("Workspace settings…"), this, &MainMenu::settingsWanted);
    settings_->setEnabled(false);
    addSeparator();
    addThemes(theme, preferences);
    auto* const keys =
        addAction(nanodit::icon(QStringLiteral("help")), tr("Keyboard shortcuts"), this, &MainMenu::shortcutsWanted);
    addAction(tr("About NanoDiT Workbench"), this, &MainMenu::aboutWanted)->setObjectName(QStringLiteral("about"));
    addSeparator();
    auto* const quit = addAction(tr("Quit"), window, &QWidget::close);
    commands.bind(open, QKeySequence::Open, tr("open a workspace"));
    commands.bind(make, QKeySequence::New, tr("create a workspace from pictures"));
    commands.add(Qt::Key_F10, tr("open the menu"), [button] { button->showMenu(); });
    button->setToolTip(tr("Menu (F10)"));
    commands.bind(settings_, Qt::CTRL | Qt::Key_Comma, tr("workspace settings"));
    commands.bind(quit, QKeySequence::Quit, tr("quit"));
    commands.bind(keys, Qt::Key_Question, tr("this list"));
}

void MainMenu::setHasWorkspace(bool has)
{
    settings_->setEnabled(has);
}

void MainMenu::addRecent(RecentWorkspaces& workspaces)
{
    auto* const recent = addMenu(tr("Recent workspaces"));
    recent->setObjectName(QStringLiteral("recentWorkspaces"));
    const auto list = [this, recent, &workspaces] {
        recent->clear();
        for (const auto& folder : workspaces.folders())
            recent->addAction(menuText(folderText(folder)), this, [this, folder] { Q_EMIT recentWanted(folder); });
        if (recent->isEmpty())
            recent->addAction(tr("No recent workspaces"))->setEnabled(false);
    };
    list();
    connect(&workspaces, &RecentWorkspaces::changed, recent, list);
    connect(recent, &QMenu::aboutToShow, &workspaces, &RecentWorkspaces::refresh);
}

void MainMenu::addThemes(Theme& theme, Preferences& preferences)
{
    auto* const look = addMenu(nanodit::icon(QStringLiteral("theme")), tr("Theme"));
    look->setObjectName(QStringLiteral("theme"));
    auto* const group = new QActionGroup(look);
    const std::pair<ThemeMode, QString> modes[] = {
        {ThemeMode::System, tr("Follow the system")}, {ThemeMode::Light, tr("Light")}, {ThemeMode::Dark, tr("Dark")}};
    for (const auto& [mode, name] : modes) {
        auto* const action = look->addAction(name);
        action->setCheckable(true);
        action->setChecked(mode == theme.mode());
        group->addAction(action);
        connect(action, &QAction::triggered, this, [&theme, &preferences, chosen = mode] {
            theme.setMode(chosen);
            preferences.setTheme(chosen);
        });
    }
}

} // namespace nanodit
