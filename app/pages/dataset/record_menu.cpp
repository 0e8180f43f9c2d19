#include "app/pages/dataset/record_menu.h"

#include "widgets/icons.h"
#include "widgets/text.h"

#include <QActionGroup>
#include <QCoreApplication>
#include <QMenu>
#include <QUndoStack>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

struct RecordMenuText {
    Q_DECLARE_TR_FUNCTIONS(RecordMenu)
};

/// The key is shown only: `key` has it.
QString withKey(const QString& text, const QAction* key)
{
    return key == nullptr ? menuText(text)
                          : menuText(text) + QLatin1Char('\t') + key->shortcut().toString(QKeySequence::NativeText);
}

QAction* add(QMenu* menu, const char* name, const QString& drawing, const QString& text, const QAction* key,
             std::function<void()> action)
{
    auto* const entry = menu->addAction(drawing.isEmpty() ? QIcon() : icon(drawing), withKey(text, key));
    entry->setObjectName(QLatin1String(name));
    QObject::connect(entry, &QAction::triggered, menu, [action = std::move(action)] { action(); });
    return entry;
}

void addSplits(QMenu* menu, const std::vector<const RecordInfo*>& records, const QStringList& splits,
               const std::function<void(const QString&)>& setSplit)
{
    auto* const group = new QActionGroup(menu);
    const auto addSplit = [&](const QString& name, const QString& split) {
        auto* const entry = add(menu, "menuSplit", {}, name, nullptr, [setSplit, split] { setSplit(split); });
        entry->setData(split);
        entry->setCheckable(true);
        entry->setActionGroup(group);
        entry->setChecked(!split.isEmpty() && std::ranges::all_of(records, [&](const RecordInfo* record) {
            return record->split == split.toStdString();
        }));
    };
    for (const auto& split : splits)
        addSplit(split, split);
    menu->addSeparator();
    addSplit(RecordMenuText::tr("By the rule"), {});
}

/// Names what it will undo, also when an edit ends while the menu is open.
void addUndo(QMenu* menu, QUndoStack* undo, const QAction* key)
{
    auto* const entry = add(menu, "menuUndo", QStringLiteral("undo"), {}, nullptr, [undo] { undo->undo(); });
    const auto follow = [entry, undo, key] {
        entry->setText(withKey(
            undo->canUndo() ? RecordMenuText::tr("Undo: %1").arg(undo->undoText()) : RecordMenuText::tr("Undo"), key));
        entry->setEnabled(undo->canUndo());
    };
    QObject::connect(undo, &QUndoStack::indexChanged, entry, follow);
    follow();
}

} // namespace

QMenu* makeRecordMenu(const std::vector<const RecordInfo*>& records, const QStringList& splits,
                      const RecordMenuActions& actions, QWidget* parent)
{
    auto* const menu = new QMenu(parent);
    menu->setObjectName(QStringLiteral("recordMenu"));
    const bool one = records.size() == 1;
    const auto count = static_cast<std::int64_t>(records.size());
    add(menu, "menuShowFile", QStringLiteral("folder"), RecordMenuText::tr("Show in the file manager"),
        actions.showFileKey, actions.showFile)
        ->setEnabled(one);
    menu->addSeparator();
    add(menu, "menuCaption", QStringLiteral("edit"), RecordMenuText::tr("Edit caption"), actions.captionKey,
        actions.editCaption)
        ->setEnabled(one);
    add(menu, "menuCaptions", {},
        one ? RecordMenuText::tr("Edit many captions…")
            : RecordMenuText::tr("Edit captions of %1…").arg(countText(count, RecordMenuText::tr("records"))),
        actions.captionsKey, actions.editCaptions);
    add(menu, "menuTags", {}, RecordMenuText::tr("Edit tags"), actions.tagsKey, actions.editTags);
    addSplits(
        menu->addMenu(one ? RecordMenuText::tr("Split")
                          : RecordMenuText::tr("Split of %1").arg(countText(count, RecordMenuText::tr("records")))),
        records, splits, actions.setSplit);
    const bool excluded =
        std::ranges::all_of(records, [](const RecordInfo* record) { return !record->excluded.empty(); });
    const auto verb = excluded ? RecordMenuText::tr("Include again") : RecordMenuText::tr("Exclude");
    add(menu, "menuExclude", {},
        one ? verb : QStringLiteral("%1: %2").arg(verb, countText(count, RecordMenuText::tr("records"))),
        actions.excludeKey, [setExcluded = actions.setExcluded, excluded] {
            setExcluded(excluded ? QString() : RecordMenuText::tr("by hand"));
        });
    menu->addSeparator();
    addUndo(menu, actions.undo, actions.undoKey);
    return menu;
}

} // namespace nanodit
