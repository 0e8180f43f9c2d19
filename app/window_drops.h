#pragma once

#include "app/disk_questions.h"
#include "widgets/late_timer.h"

#include <QObject>

#include <functional>

class QDragEnterEvent;
class QDragMoveEvent;
class QDropEvent;
class QWidget;

namespace nanodit {

class DropHint;
class Session;

/// What is dragged over the window and dropped on it: a picture, a folder of pictures, or a workspace. Which of them it
/// is, the disk says on another thread: one of a network may not answer. A picture is of use to an open workspace
/// alone. Home thread.
class WindowDrops : public QObject {
    Q_OBJECT

public:
    enum class Kind { Picture, Folder, Workspace };
    /// Called on other threads, and perhaps still when the object is gone.
    using Look = std::function<Kind(const QString& path)>;

    WindowDrops(const Session& session, QWidget* window);
    WindowDrops(const Session& session, Look look, QWidget* window);

    // As the window hears of them. What follows a drop follows it in a later turn of the loop: whoever drags waits for
    // the end of the event.
    void enter(QDragEnterEvent& event);
    void move(QDragMoveEvent& event);
    void drop(QDropEvent& event);
    /// It was dragged away, or what it was meant for is gone: nothing comes of it, or of what was dropped and is not
    /// known yet.
    void forget();

Q_SIGNALS:
    void pictureDropped(const QString& file);
    void folderDropped(const QString& folder);
    void workspaceDropped(const QString& folder);
    void waits(const QString& path); ///< It was dropped, and its disk takes long to answer.

private:
    /// `then` hears it unless something else is dragged meanwhile.
    void ask(const QString& path, std::function<void(Kind kind)> then);
    bool isOfUse(Kind kind) const;
    void hint(Kind kind);
    void take(const QString& path, Kind kind);

    const Session& session_;
    Look look_;
    DropHint* hint_;
    QString dragged_; ///< Over the window; empty when that is of no use.
    QString asked_;   ///< The path that the disk is asked about.
    int asks_ = 0;    ///< So far: answers to earlier ones are void.
    LateTimer late_;
    DiskQuestions disk_;
};

} // namespace nanodit
