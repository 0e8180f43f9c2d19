#pragma once

#include "core/config/workspace_config.h"
#include "core/runtime/remedy.h"

#include <QFileSystemWatcher>
#include <QObject>
#include <QTimer>

namespace nanodit {

class Session;

/// The settings of the open workspace: writes those that are changed in the window, and reads workspace.yaml again when
/// another program has changed it. Home thread.
class WorkspaceSettings : public QObject {
    Q_OBJECT

public:
    explicit WorkspaceSettings(Session& session);
    /// In the background; saved() or saveFailed() follows.
    void save(const WorkspaceConfig& settings);

Q_SIGNALS:
    void saved();
    void saveFailed(const nanodit::Notice& why);
    void reloaded(); ///< Another program has changed the file.
    void reloadFailed(const nanodit::Notice& why);

private:
    void watch();
    void reload();

    Session& session_;
    QFileSystemWatcher watcher_;
    QTimer soon_; ///< Editors write in several steps.
    bool unreadable_ = false;
};

} // namespace nanodit
