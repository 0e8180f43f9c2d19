#pragma once

#include "core/front/data.h"

#include <QStringList>

#include <functional>
#include <vector>

class QAction;
class QMenu;
class QUndoStack;
class QWidget;

namespace nanodit {

/// What the menu of the selected records does; each is called with the window's thread.
struct RecordMenuActions {
    std::function<void()> showFile, editCaption, editCaptions, editTags;
    std::function<void(const QString& split)> setSplit;     ///< Empty: by the rule.
    std::function<void(const QString& reason)> setExcluded; ///< Empty: included.
    QUndoStack* undo = nullptr;
    /// The page's commands that do the same, whose keys the entries show.
    const QAction *showFileKey = nullptr, *captionKey = nullptr, *captionsKey = nullptr, *tagsKey = nullptr,
                  *excludeKey = nullptr, *undoKey = nullptr;
};

/// The menu of the right button on records: what can be done with one, or with several as with one, each with the key
/// that does the same. Its actions carry names ("menuShowFile"...).
QMenu* makeRecordMenu(const std::vector<const RecordInfo*>& records, const QStringList& splits,
                      const RecordMenuActions& actions, QWidget* parent);

} // namespace nanodit
