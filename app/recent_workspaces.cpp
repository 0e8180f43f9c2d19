#include "app/recent_workspaces.h"

#include "app/preferences.h"
#include "app/workspace_folder.h"

#include <utility>

namespace nanodit {

namespace {

constexpr qsizetype shownRecent = 8; ///< More are kept, for disks that come back.

} // namespace

RecentWorkspaces::RecentWorkspaces(Preferences& preferences, QObject* parent)
    : RecentWorkspaces(preferences, holdsWorkspace, parent)
{
}

RecentWorkspaces::RecentWorkspaces(Preferences& preferences, IsThere isThere, QObject* parent)
    : QObject(parent)
    , preferences_(preferences)
    , isThere_(std::move(isThere))
{
}

QStringList RecentWorkspaces::folders() const
{
    QStringList known;
    for (const auto& folder : preferences_.recentWorkspaces()) {
        if (there_.contains(folder))
            known << folder;
    }
    return known.mid(0, shownRecent);
}

void RecentWorkspaces::add(const QString& folder)
{
    preferences_.addRecentWorkspace(folder);
    there_.insert(folder);
    Q_EMIT changed();
}

void RecentWorkspaces::refresh()
{
    for (const auto& folder : preferences_.recentWorkspaces())
        ask(folder, {});
}

void RecentWorkspaces::ifThere(const QString& folder, std::function<void()> then)
{
    ask(folder, [then = std::move(then)](bool there) {
        if (there)
            then();
    });
}

void RecentWorkspaces::ask(const QString& folder, std::function<void(bool there)> then)
{
    auto [place, isNew] = asked_.try_emplace(folder);
    if (then)
        place->second.push_back(std::move(then));
    if (!isNew) // its thread is on its way, or hangs
        return;
    disk_.ask([isThere = isThere_, folder] { return isThere(folder); },
              [this, folder](bool there) { take(folder, there); });
}

void RecentWorkspaces::take(const QString& folder, bool there)
{
    const auto who = std::move(asked_.extract(folder).mapped());
    if (there_.contains(folder) != there) {
        if (there)
            there_.insert(folder);
        else
            there_.remove(folder);
        Q_EMIT changed();
    }
    for (const auto& then : who)
        then(there);
}

} // namespace nanodit
