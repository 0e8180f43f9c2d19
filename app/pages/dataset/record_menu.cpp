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

QAction* add(QMenu* menu, const char* name, const QString& drawing, const QString& text, const QAction* key,
             std::function<void()> action)
{
    auto shown = menuText(text);
    if (key != nullptr) // shown only: that one has the key
        shown += QLatin1Char('\t') + key->shortcut().toString(QKeySequence::NativeText);
    auto* const entry = menu->addAction(drawing.isEmpty() ? QIcon() : icon(drawing), shown);
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
    auto* const undo = actions.undo;
    add(menu, "menuUndo", QStringLiteral("undo"),
        undo->canUndo() ? RecordMenuText::tr("Undo: %1").arg(undo->undoText()) : RecordMenuText::tr("Undo"),
        actions.undoKey, [undo] { undo->undo(); })
        ->setEnabled(undo->canUndo());
    return menu;
}

} // namespace nanodit
