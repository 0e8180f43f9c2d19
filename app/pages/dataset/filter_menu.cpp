#include "app/pages/dataset/filter_menu.h"

#include "app/pages/dataset/record_model.h"
#include "widgets/icons.h"
#include "widgets/text.h"

#include <QLocale>
#include <QMenu>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace nanodit {

namespace {
constexpr std::ptrdiff_t mostTags = 40; ///< In the menu; the most frequent ones.
}

FilterMenu::FilterMenu(QWidget* parent)
    : QToolButton(parent)
    , menu_(new QMenu(this))
{
    setObjectName(QStringLiteral("filterMenu"));
    setProperty("flat", true);
    setIcon(nanodit::icon(QStringLiteral("filter")));
    setIconSize({16, 16});
    setToolTip(tr("Filter by bucket, state, split, tag… (Ctrl+Shift+F)"));
    setAccessibleName(tr("Filter"));
    setPopupMode(QToolButton::InstantPopup);
    setMenu(menu_);
    menu_->setToolTipsVisible(true);
    connect(menu_, &QMenu::aboutToShow, this, &FilterMenu::fill);
}

void FilterMenu::setCounts(const RecordCounts& counts)
{
    counts_ = counts;
}

void FilterMenu::setQuery(const QString& query)
{
    query_ = query;
}

void FilterMenu::addTerm(QMenu* menu, const std::string& term, const QString& name, std::int64_t count)
{
    auto* const action = menu->addAction(
        QStringLiteral("%1\t%2").arg(menuText(name), QLocale().toString(static_cast<qlonglong>(count))));
    const auto query = query_.toStdString();
    const bool present = hasTerm(query, term);
    action->setCheckable(true);
    action->setChecked(present);
    action->setData(QString::fromStdString(term));
    action->setToolTip(toolTipOf(QString::fromStdString(term)));
    connect(action, &QAction::triggered, this, [this, query, term, present] {
        Q_EMIT queryChanged(QString::fromStdString(withTerm(query, term, !present)));
    });
}

void FilterMenu::fill()
{
    menu_->clear();
    const auto part = [this](const QString& name) {
        auto* const menu = menu_->addMenu(name);
        menu->setToolTipsVisible(true);
        return menu;
    };
    auto* const buckets = part(tr("Bucket"));
    for (const auto& [bucket, count] : counts_.buckets)
        addTerm(buckets, termText("bucket", bucketName(bucket)), QString::fromStdString(bucketName(bucket)), count);
    auto* const states = part(tr("State of arrays"));
    const std::array<QString, 4> stateWords = {tr("some missing"), tr("all valid"), tr("some stale"),
                                               tr("some invalid")};
    constexpr std::array terms = {"missing", "valid", "stale", "invalid"}; // by ArrayState
    for (const auto& [state, count] : counts_.states)
        addTerm(states, termText("state", terms[static_cast<std::size_t>(state)]),
                stateWords[static_cast<std::size_t>(state)], count);
    if (!counts_.staleness.empty()) {
        auto* const why = part(tr("Stale because of"));
        for (const auto& [input, count] : counts_.staleness)
            addTerm(why, termText("because", inputNames[static_cast<std::size_t>(input)]), inputText(input), count);
    }
    auto* const splits = part(tr("Split"));
    for (const auto& [split, count] : counts_.splits)
        addTerm(splits, termText("split", split), QString::fromStdString(split), count);
    if (!counts_.tags.empty()) {
        auto* const tags = part(tr("Tag"));
        auto shown = std::vector<std::pair<std::string, std::int64_t>>(counts_.tags.begin(), counts_.tags.end());
        if (std::ssize(shown) > mostTags) { // a menu is read, not searched
            std::ranges::nth_element(shown, shown.begin() + mostTags, std::greater(),
                                     [](const auto& tag) { return tag.second; });
            shown.resize(mostTags);
            std::ranges::sort(shown);
        }
        for (const auto& [tag, count] : shown)
            addTerm(tags, termText("tag", tag), QString::fromStdString(tag), count);
        if (shown.size() < counts_.tags.size()) {
            const auto more = static_cast<qlonglong>(counts_.tags.size() - shown.size());
            tags->addAction(tr("%1 more: type tag:NAME in the search").arg(QLocale().toString(more)))
                ->setEnabled(false);
        }
    }
    menu_->addSeparator();
    addTerm(menu_, "is:problem", tr("With a problem"), counts_.problems);
    addTerm(menu_, "is:excluded", tr("Excluded"), counts_.excluded);
    addTerm(menu_, "-is:excluded", tr("Not excluded"), counts_.records - counts_.excluded);
    if (counts_.adopted > 0)
        addTerm(menu_, "is:adopted", tr("With arrays from elsewhere"), counts_.adopted);
    menu_->addSeparator();
    auto* const all = menu_->addAction(tr("Everything"));
    all->setEnabled(!query_.trimmed().isEmpty());
    connect(all, &QAction::triggered, this, [this] { Q_EMIT queryChanged({}); });
}

} // namespace nanodit
