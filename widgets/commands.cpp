#include "widgets/commands.h"

#include <QAction>
#include <QKeySequence>
#include <QList>
#include <QStringList>
#include <QWidget>

#include <algorithm>
#include <iterator>

namespace nanodit {

namespace {

constexpr std::size_t mostListed = 4; ///< Of a line's keys; more are "first to last".

/// With the number pad's Enter, where the other one is meant.
QList<QKeySequence> withNumberPad(const QKeySequence& keys)
{
    if (keys.count() != 1 || keys[0].key() != Qt::Key_Return)
        return {keys};
    return {keys, QKeySequence(QKeyCombination(keys[0].keyboardModifiers(), Qt::Key_Enter))};
}

QString keysOf(const QAction& action)
{
    return shownKeys(action.shortcut());
}

} // namespace

Commands::Commands(QWidget* owner)
    : QObject(owner)
    , owner_(owner)
{
}

QAction* Commands::add(const QKeySequence& keys, const QString& meaning, Act act)
{
    return add({{keys, std::move(act)}}, meaning).front();
}

std::vector<QAction*> Commands::add(const std::vector<std::pair<QKeySequence, Act>>& each, const QString& meaning)
{
    Entry entry{.actions = {}, .keys = {}, .meaning = meaning};
    for (const auto& [keys, act] : each) {
        auto* const action = new QAction(meaning, this);
        action->setShortcuts(withNumberPad(keys));
        connect(action, &QAction::triggered, this, [act = act] { act(); });
        owner_->addAction(action);
        entry.actions.push_back(action);
    }
    entries_.push_back(entry);
    return entry.actions;
}

void Commands::bind(QAction* action, const QKeySequence& keys, const QString& meaning)
{
    action->setShortcuts(withNumberPad(keys));
    owner_->addAction(action);
    entries_.push_back({.actions = {action}, .keys = {}, .meaning = meaning});
}

void Commands::note(const QString& keys, const QString& meaning)
{
    entries_.push_back({.actions = {}, .keys = keys, .meaning = meaning});
}

std::vector<Commands::Line> Commands::lines() const
{
    std::vector<Line> lines;
    for (const auto& [actions, keys, meaning] : entries_) {
        auto shown = keys;
        if (actions.size() > mostListed) {
            shown = tr("%1 to %2").arg(keysOf(*actions.front()), keysOf(*actions.back()));
        } else if (!actions.empty()) {
            QStringList all;
            for (const auto* const action : actions)
                all << keysOf(*action);
            shown = all.join(QStringLiteral(", "));
        }
        lines.push_back({.keys = shown, .meaning = meaning});
    }
    return lines;
}

QString shownKeys(const QKeySequence& keys)
{
    return keys.toString(QKeySequence::NativeText).replace(QLatin1String("Return"), QLatin1String("Enter"));
}

std::vector<Commands::Line> commandLines(const QWidget& page)
{
    auto parts = page.findChildren<Commands*>();
    std::stable_partition(parts.begin(), parts.end(),
                          [&page](const Commands* part) { return part->parent() == &page; });
    std::vector<Commands::Line> lines;
    for (const auto* const part : parts)
        std::ranges::copy(part->lines(), std::back_inserter(lines));
    return lines;
}

} // namespace nanodit
