#include "app/window_drops.h"

#include "app/session.h"
#include "app/workspace_folder.h"
#include "widgets/drop_hint.h"
#include "widgets/drop_zone.h"
#include "widgets/text.h"

#include <QDragEnterEvent>
#include <QFileInfo>
#include <QWidget>

#include <utility>

namespace nanodit {

namespace {

WindowDrops::Kind kindOnDisk(const QString& path)
{
    if (!QFileInfo(path).isDir())
        return WindowDrops::Kind::Picture;
    return holdsWorkspace(path) ? WindowDrops::Kind::Workspace : WindowDrops::Kind::Folder;
}

} // namespace

WindowDrops::WindowDrops(const Session& session, QWidget* window)
    : WindowDrops(session, kindOnDisk, window)
{
}

WindowDrops::WindowDrops(const Session& session, Look look, QWidget* window)
    : QObject(window)
    , session_(session)
    , look_(std::move(look))
    , hint_(new DropHint(window))
{
    connect(&late_, &LateTimer::timeout, this, [this] {
        if (dragged_.isEmpty())
            Q_EMIT waits(asked_);
        else
            hint_->show(tr("Waiting for the disk of %1 to answer…").arg(folderText(dragged_)));
    });
}

void WindowDrops::enter(QDragEnterEvent& event)
{
    forget();
    dragged_ = droppedFile(event.mimeData());
    if (dragged_.isEmpty())
        return;
    event.acceptProposedAction();
    ask(dragged_, [this](Kind kind) { hint(kind); });
}

void WindowDrops::move(QDragMoveEvent& event)
{
    if (dragged_.isEmpty())
        event.ignore();
    else
        event.acceptProposedAction();
}

void WindowDrops::drop(QDropEvent& event)
{
    const auto path = dragged_;
    forget();
    if (path.isEmpty())
        return event.ignore();
    event.acceptProposedAction();
    ask(path, [this, path](Kind kind) { take(path, kind); });
}

void WindowDrops::forget()
{
    ++asks_;
    late_.stop();
    dragged_.clear();
    hint_->hide();
}

void WindowDrops::ask(const QString& path, std::function<void(Kind kind)> then)
{
    asked_ = path;
    late_.start();
    disk_.ask([look = look_, path] { return look(path); },
              [this, number = ++asks_, then = std::move(then)](Kind kind) {
                  if (number != asks_)
                      return;
                  late_.stop();
                  then(kind);
              });
}

bool WindowDrops::isOfUse(Kind kind) const
{
    return kind != Kind::Picture || session_.hasWorkspace();
}

void WindowDrops::hint(Kind kind)
{
    if (!isOfUse(kind))
        return forget();
    switch (kind) {
    case Kind::Picture:
        return hint_->show(tr("Drop the picture to restore its settings on the Sample page"));
    case Kind::Folder:
        return hint_->show(tr("Drop the folder to import its pictures"));
    case Kind::Workspace:
        return hint_->show(tr("Drop the folder to open this workspace"));
    }
}

void WindowDrops::take(const QString& path, Kind kind)
{
    if (!isOfUse(kind))
        return;
    switch (kind) {
    case Kind::Picture:
        return Q_EMIT pictureDropped(path);
    case Kind::Folder:
        return Q_EMIT folderDropped(path);
    case Kind::Workspace:
        return Q_EMIT workspaceDropped(path);
    }
}

} // namespace nanodit
