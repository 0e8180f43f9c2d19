#include "app/workspace_settings.h"

#include "app/background_queue.h"
#include "app/session.h"
#include "core/front/data.h"

#include <QFileInfo>

namespace nanodit {

using namespace std::chrono_literals;

WorkspaceSettings::WorkspaceSettings(Session& session)
    : session_(session)
{
    soon_.setSingleShot(true);
    soon_.setInterval(200ms);
    connect(&soon_, &QTimer::timeout, this, &WorkspaceSettings::reload);
    connect(&session_, &Session::workspaceChanged, this, &WorkspaceSettings::watch);
    for (const auto signal : {&QFileSystemWatcher::fileChanged, &QFileSystemWatcher::directoryChanged})
        connect(&watcher_, signal, this, [this] { soon_.start(); });
}

/// The folder, too: a file that is replaced is another file to the system.
void WorkspaceSettings::watch()
{
    if (const auto before = watcher_.files() + watcher_.directories(); !before.isEmpty())
        watcher_.removePaths(before);
    const auto root = QString::fromStdString(session_.workspace().root.string());
    watcher_.addPaths({root, root + QStringLiteral("/workspace.yaml")});
    unreadable_ = false;
}

void WorkspaceSettings::save(const WorkspaceConfig& settings)
{
    session_.background().ask(
        this, [workspace = session_.workspace(), settings] { return changeSettings(workspace, settings); },
        [this](Workspace workspace) {
            session_.takeSettings(std::move(workspace));
            Q_EMIT saved();
        },
        [this](const Notice& why) { Q_EMIT saveFailed(why); });
}

void WorkspaceSettings::reload()
{
    if (!session_.hasWorkspace())
        return;
    const auto file = QString::fromStdString((session_.workspace().root / "workspace.yaml").string());
    if (!QFileInfo::exists(file)) // between two steps of an editor
        return;
    watcher_.addPath(file);
    session_.background().ask(
        this, [root = session_.workspace().root] { return Workspace::open(root); },
        [this](Workspace workspace) {
            unreadable_ = false;
            if (!session_.hasWorkspace() || workspace.root != session_.workspace().root ||
                sameSettings(workspace.config, session_.workspace().config))
                return;
            session_.takeSettings(std::move(workspace));
            Q_EMIT reloaded();
        },
        [this](const Notice& why) {
            if (!std::exchange(unreadable_, true)) // once, however often it is saved
                Q_EMIT reloadFailed(why);
        });
}

} // namespace nanodit
