#include "app/pages/dataset/record_editing.h"

#include "app/session.h"
#include "core/front/data.h"
#include "widgets/text.h"

#include <QUndoCommand>
#include <QUndoStack>

#include <memory>
#include <utility>

namespace nanodit {

namespace {

constexpr int keptEdits = 200;

std::vector<std::string> namesOf(const QStringList& texts)
{
    std::vector<std::string> names;
    for (const auto& text : texts)
        names.push_back(text.toStdString());
    return names;
}

std::vector<std::string> idsOf(const std::vector<EditableFields>& fields)
{
    std::vector<std::string> ids;
    for (const auto& one : fields)
        ids.push_back(one.id);
    return ids;
}

/// "scene-3", "12 records"
QString recordsText(const QStringList& ids)
{
    return ids.size() == 1 ? ids.front() : countText(ids.size(), RecordEditing::tr("records"));
}

} // namespace

/// An edit that was made: taking it back puts the fields it changed where they were before.
class RecordEditing::Command : public QUndoCommand {
public:
    Command(RecordEditing& editing, const QString& name, std::vector<EditableFields> before,
            std::vector<EditableFields> after)
        : QUndoCommand(name)
        , editing_(editing)
        , before_(std::move(before))
        , after_(std::move(after))
    {
    }

    void undo() override
    {
        editing_.put({.outcome = RecordEditing::tr("Undone: %1").arg(text()),
                      .failure = RecordEditing::tr("Could not undo the edit"),
                      .indexBefore = place() + 1,
                      .from = after_,
                      .to = before_});
    }
    void redo() override
    {
        if (std::exchange(made_, true)) // pushing it calls this; then it is made already
            editing_.put({.outcome = RecordEditing::tr("Redone: %1").arg(text()),
                          .failure = RecordEditing::tr("Could not redo the edit"),
                          .indexBefore = place(),
                          .from = before_,
                          .to = after_});
    }

private:
    int place() const
    {
        int place = 0;
        while (place < editing_.undo_->count() && editing_.undo_->command(place) != this)
            ++place;
        return place;
    }

    RecordEditing& editing_;
    std::vector<EditableFields> before_, after_;
    bool made_ = false;
};

RecordEditing::RecordEditing(Session& session, QObject* parent)
    : QObject(parent)
    , session_(session)
    , undo_(new QUndoStack(this))
{
    undo_->setUndoLimit(keptEdits);
    connect(&session_, &Session::workspaceChanged, this, [this] {
        chain_ = std::make_shared<Chain>();
        undo_->clear();
    });
}

void RecordEditing::setCaption(const QString& id, const QString& caption)
{
    edit(tr("caption of %1").arg(id), tr("caption of %1 changed; its t5 is stale").arg(id), {id},
         [text = caption.toStdString()](const auto& workspace, const auto& ids) {
             nanodit::setCaption(workspace, ids.front(), text);
         });
}

void RecordEditing::editCaptions(const CaptionEdit& change, const QStringList& ids)
{
    edit(tr("captions of %1").arg(recordsText(ids)),
         tr("captions of %1 changed; their t5 is stale").arg(recordsText(ids)), ids,
         [change](const auto& workspace, const auto& records) { applyCaptionEdit(workspace, records, change); });
}

void RecordEditing::setSplit(const QStringList& ids, const QString& split)
{
    edit(tr("split of %1").arg(recordsText(ids)),
         split.isEmpty() ? tr("split of %1: by the rule").arg(recordsText(ids))
                         : tr("split of %1: %2").arg(recordsText(ids), split),
         ids, [name = split.toStdString()](const auto& workspace, const auto& records) {
             nanodit::setSplit(workspace, records, name);
         });
}

void RecordEditing::changeTags(const QStringList& ids, const QStringList& added, const QStringList& removed)
{
    edit(tr("tags of %1").arg(recordsText(ids)), tr("tags of %1 changed").arg(recordsText(ids)), ids,
         [come = namesOf(added), gone = namesOf(removed)](const auto& workspace, const auto& records) {
             nanodit::changeTags(workspace, records, come, gone);
         });
}

void RecordEditing::setExcluded(const QStringList& ids, const QString& reason)
{
    edit((reason.isEmpty() ? tr("inclusion of %1") : tr("exclusion of %1")).arg(recordsText(ids)),
         reason.isEmpty() ? tr("%1 included again").arg(recordsText(ids))
                          : tr("%1 excluded: %2").arg(recordsText(ids), reason),
         ids, [text = reason.toStdString()](const auto& workspace, const auto& records) {
             nanodit::setExcluded(workspace, records, text);
         });
}

void RecordEditing::excludeDuplicates(const std::vector<DuplicatePair>& pairs)
{
    QStringList ids;
    for (const auto& pair : pairs)
        ids << QString::fromStdString(pair.id);
    edit(tr("exclusion of %1").arg(recordsText(ids)), tr("%1 excluded as duplicates").arg(recordsText(ids)), ids,
         [pairs](const auto& workspace, const auto&) { nanodit::excludeDuplicates(workspace, pairs); });
}

void RecordEditing::edit(const QString& name, const QString& outcome, const QStringList& ids, Change change)
{
    if (ids.isEmpty())
        return;
    struct Made {
        std::vector<EditableFields> before, after;
    };
    const auto made = std::make_shared<Made>();
    session_.changeRecords(
        [made, records = namesOf(ids), change = std::move(change)](const Workspace& workspace) {
            made->before = editableFields(workspace, records);
            change(workspace, records);
            made->after = editableFields(workspace, records);
            return findRecords(workspace, records);
        },
        [this, made, name, outcome] {
            if (made->before == made->after)
                return;
            undo_->push(new Command(*this, name, std::move(made->before), std::move(made->after)));
            Q_EMIT this->made(outcome);
        },
        [this, name](const Notice& why) { Q_EMIT failed(tr("Could not change the %1").arg(name), why); });
}

void RecordEditing::put(const Step& step)
{
    if (movingBack_)
        return;
    const auto skipped = std::make_shared<bool>(false);
    session_.changeRecords(
        [step, skipped, chain = chain_](const Workspace& workspace) {
            *skipped = chain->broken; // those after a failed one would not find what they start from
            if (*skipped)
                return std::vector<RecordInfo>();
            chain->broken = true;
            changeFields(workspace, step.from, step.to);
            auto changed = findRecords(workspace, idsOf(step.to));
            chain->broken = false;
            return changed;
        },
        [this, skipped, outcome = step.outcome] {
            if (!*skipped)
                Q_EMIT made(outcome);
        },
        [this, step, chain = chain_](const Notice& why) {
            if (chain == chain_) { // else another workspace is open
                chain_ = std::make_shared<Chain>();
                movingBack_ = true; // the records are as they were before: so is the stack
                undo_->setIndex(step.indexBefore);
                movingBack_ = false;
            }
            Q_EMIT failed(step.failure, why);
        });
}

} // namespace nanodit
