#pragma once

#include "app/disk_questions.h"

#include <QObject>
#include <QSet>
#include <QStringList>

#include <functional>
#include <map>
#include <vector>

namespace nanodit {

class Preferences;

/// The workspaces that were opened before and are there now. Whether a folder is there is asked on a thread of its own:
/// a disk of a network that does not answer holds up neither the window nor what is known of the others. Home thread.
class RecentWorkspaces : public QObject {
    Q_OBJECT

public:
    /// Called on other threads, and perhaps still when the object is gone.
    using IsThere = std::function<bool(const QString& folder)>;

    explicit RecentWorkspaces(Preferences& preferences, QObject* parent = nullptr);
    RecentWorkspaces(Preferences& preferences, IsThere isThere, QObject* parent = nullptr);

    /// Newest first, those that are known to be there.
    QStringList folders() const;
    /// One that is there was opened.
    void add(const QString& folder);
    /// Asks again which are there.
    void refresh();
    /// Calls `then` when the answer has come, if it is that the folder holds a workspace.
    void ifThere(const QString& folder, std::function<void()> then);

Q_SIGNALS:
    void changed(); ///< Of folders().

private:
    void ask(const QString& folder, std::function<void(bool there)> then);
    void take(const QString& folder, bool there);

    Preferences& preferences_;
    IsThere isThere_;
    std::map<QString, std::vector<std::function<void(bool there)>>> asked_; ///< That were not answered yet.
    QSet<QString> there_;
    DiskQuestions disk_;
};

} // namespace nanodit
