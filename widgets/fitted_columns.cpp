#include "widgets/fitted_columns.h"

#include "widgets/fitted_header.h"
#include "widgets/text.h"

#include <QEvent>
#include <QHeaderView>
#include <QHelpEvent>
#include <QToolTip>
#include <QTreeView>

#include <algorithm>
#include <numeric>
#include <utility>

namespace nanodit {

namespace {
constexpr int headerPadding = 8; ///< Around a header's text, as the style sheet has it.
constexpr int mostLeast = 88;    ///< No header asks for more of an elastic column.
constexpr int columnGap = 8;     ///< Between a column's text and the next one's.
} // namespace

FittedColumns::FittedColumns(QTreeView* table, std::vector<int> elastic, Rest rest)
    : QObject(table)
    , table_(table)
    , elastic_(std::move(elastic))
    , rest_(rest)
{
    table_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* const header = new FittedHeader(table_);
    header->setSectionsMovable(true);
    header->setStretchLastSection(false);
    header->setMinimumSectionSize(1);
    table_->setHeader(header);
    table_->viewport()->installEventFilter(this);
}

void FittedColumns::measure()
{
    auto* const header = table_->header();
    needed_.assign(static_cast<std::size_t>(header->count()), 0);
    least_ = needed_;
    for (int column = 0; column < header->count(); ++column) {
        if (table_->isColumnHidden(column))
            continue;
        const auto place = static_cast<std::size_t>(column);
        const auto label = table_->model()->headerData(column, Qt::Horizontal).toString();
        const int headerWidth = header->fontMetrics().horizontalAdvance(label) + headerPadding;
        const int contents = static_cast<const QAbstractItemView*>(table_)->sizeHintForColumn(column);
        needed_[place] = std::max(headerWidth, contents) + columnGap;
        least_[place] = std::min(headerWidth + columnGap, mostLeast);
    }
    fit();
}

int FittedColumns::neededWidth() const
{
    return std::accumulate(needed_.begin(), needed_.end(), 0);
}

void FittedColumns::fit()
{
    if (needed_.empty())
        return;
    const auto needed = [this](int column) { return needed_[static_cast<std::size_t>(column)]; };
    auto widths = needed_;
    int room = table_->viewport()->width();
    for (int column = 0; column < static_cast<int>(widths.size()); ++column) {
        if (std::ranges::find(elastic_, column) == elastic_.end())
            room -= needed(column);
    }
    // The narrowest first: each takes what it needs, but no more than its share of what is left.
    auto order = elastic_;
    std::ranges::stable_sort(order, {}, needed);
    for (std::size_t i = 0; i < order.size(); ++i) {
        const int share = room / static_cast<int>(order.size() - i);
        auto& width = widths[static_cast<std::size_t>(order[i])];
        width = std::min(width, std::max(share, least_[static_cast<std::size_t>(order[i])]));
        room -= width;
    }
    if (const auto last = std::find_if(widths.rbegin(), widths.rend(), [](int width) { return width > 0; });
        rest_ == Rest::ToLastColumn && last != widths.rend())
        *last += std::max(room, 0);
    for (int column = 0; column < static_cast<int>(widths.size()); ++column) {
        if (widths[static_cast<std::size_t>(column)] > 0)
            table_->setColumnWidth(column, widths[static_cast<std::size_t>(column)]);
    }
}

bool FittedColumns::isCutOff(const QModelIndex& index) const
{
    if (!index.isValid() || !index.data(Qt::ToolTipRole).toString().isEmpty())
        return false;
    const auto column = static_cast<std::size_t>(index.column());
    return column < needed_.size() && std::ranges::find(elastic_, index.column()) != elastic_.end() &&
           table_->visualRect(index).width() <
               table_->fontMetrics().horizontalAdvance(index.data().toString()) + columnGap;
}

bool FittedColumns::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::Resize)
        fit();
    if (event->type() == QEvent::ToolTip) {
        const auto* const help = static_cast<QHelpEvent*>(event);
        const auto index = table_->indexAt(help->pos());
        if (isCutOff(index)) {
            QToolTip::showText(help->globalPos(), toolTipOf(index.data().toString()), table_,
                               table_->visualRect(index));
            return true;
        }
    }
    return QObject::eventFilter(watched, event);
}

} // namespace nanodit
