#pragma once

#include "core/config/workspace_config.h"
#include "core/front/curation.h"
#include "core/front/data.h"
#include "core/runtime/remedy.h"

#include <QObject>
#include <QStringList>

#include <functional>
#include <memory>
#include <string>
#include <vector>

class QUndoStack;

namespace nanodit {

class Session;
struct Workspace;

/// Edits of records that can be taken back. Each is made in the catalog in the background, then shown; what it makes
/// stale is stale then. Home thread.
class RecordEditing : public QObject {
    Q_OBJECT

public:
    explicit RecordEditing(Session& session, QObject* parent = nullptr);

    void setCaption(const QString& id, const QString& caption);
    /// Many as one; `nanodit captions undo` knows of it, too.
    void editCaptions(const CaptionEdit& edit, const QStringList& ids);
    /// Empty: by the rule again.
    void setSplit(const QStringList& ids, const QString& split);
    void changeTags(const QStringList& ids, const QStringList& added, const QStringList& removed);
    /// Out of passes and packing for this reason; empty: in again.
    void setExcluded(const QStringList& ids, const QString& reason);

    /// Those that take part still, each with what found it as the reason.
    void excludeDuplicates(const std::vector<DuplicatePair>& pairs);

    QUndoStack* undoStack() const { return undo_; }

Q_SIGNALS:
    /// An edit is in the catalog, or taken back: "split of scene-3: val".
    void made(const QString& what);
    /// An edit could not be made or taken back; everything is as before.
    void failed(const QString& what, const nanodit::Notice& why);

private:
    class Command;
    using Change = std::function<void(const Workspace& workspace, const std::vector<std::string>& ids)>;
    /// `name`: of the edit, for undo; `outcome`: what to say when it is made.
    void edit(const QString& name, const QString& outcome, const QStringList& ids, Change change);
    /// Puts fields where another state of them was.
    struct Step {
        QString outcome, failure; ///< What to say then.
        int indexBefore;          ///< Of the stack: there it goes back to when the step fails.
        std::vector<EditableFields> from, to;
    };
    void put(const Step& step);
    /// Steps asked for one after the other: where one fails, those behind it are not made. For the background alone.
    struct Chain {
        bool broken = false;
    };

    Session& session_;
    QUndoStack* undo_;
    std::shared_ptr<Chain> chain_ = std::make_shared<Chain>();
    bool movingBack_ = false; ///< The stack moves without a change of records.
};

} // namespace nanodit
