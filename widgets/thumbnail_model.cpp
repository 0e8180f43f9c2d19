#include "widgets/thumbnail_model.h"

#include <algorithm>

namespace nanodit {

namespace {

bool hasProblem(const ThumbnailItem& item)
{
    const auto bad = [](MarkState state) { return state == MarkState::Wrong || state == MarkState::Stale; };
    return !item.problem.isEmpty() || std::any_of(item.marks.begin(), item.marks.end(), bad);
}

QString toolTip(const ThumbnailItem& item)
{
    QStringList marks;
    for (std::size_t i = 0; i < markNames.size(); ++i)
        marks << QStringLiteral("%1 %2").arg(QLatin1String(markNames[i]), markStateName(item.marks[i]));
    auto text =
        QStringLiteral("<b>%1</b> · %2<br>%3<br>%4")
            .arg(item.id.toHtmlEscaped(), item.badge, item.caption.toHtmlEscaped(), marks.join(QStringLiteral(" · ")));
    if (!item.problem.isEmpty())
        text += QStringLiteral("<br>%1").arg(item.problem.toHtmlEscaped());
    return text;
}

} // namespace

ThumbnailModel::ThumbnailModel(QObject* parent)
    : QAbstractListModel(parent)
{
}

void ThumbnailModel::setItems(std::vector<ThumbnailItem> items)
{
    beginResetModel();
    items_ = std::move(items);
    rows_.clear();
    for (std::size_t i = 0; i < items_.size(); ++i)
        rows_.insert(items_[i].id, static_cast<int>(i));
    endResetModel();
}

int ThumbnailModel::rowOf(const QString& id) const
{
    return rows_.value(id, -1);
}

void ThumbnailModel::setThumbnail(const QString& id, const QImage& thumbnail)
{
    asked_.remove(id);
    thumbnails_.insert(id, new QImage(thumbnail));
    if (const int row = rowOf(id); row >= 0)
        Q_EMIT dataChanged(index(row), index(row), {ThumbnailRole});
}

void ThumbnailModel::forgetThumbnails()
{
    thumbnails_.clear();
    asked_.clear();
}

int ThumbnailModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(items_.size());
}

QVariant ThumbnailModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const auto& item = items_[static_cast<std::size_t>(index.row())];
    switch (role) {
    case Qt::DisplayRole:
    case IdRole:
        return item.id;
    case Qt::AccessibleTextRole:
        return QStringLiteral("%1, %2, %3").arg(item.id, item.badge, item.caption);
    case Qt::ToolTipRole:
        return toolTip(item);
    case CaptionRole:
        return item.caption;
    case BadgeRole:
        return item.badge;
    case ProblemRole:
        return item.problem;
    case MarksRole:
        return QVariant::fromValue(item);
    case ThumbnailRole:
        if (const auto* const thumbnail = thumbnails_.object(item.id))
            return *thumbnail;
        if (!asked_.contains(item.id)) {
            asked_.insert(item.id);
            Q_EMIT thumbnailWanted(item.id);
        }
        return {};
    default:
        return {};
    }
}

ThumbnailFilter::ThumbnailFilter(QObject* parent)
    : QSortFilterProxyModel(parent)
{
}

void ThumbnailFilter::setText(const QString& words)
{
    words_ = words.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

void ThumbnailFilter::setBadge(const QString& badge)
{
    badge_ = badge;
    invalidateFilter();
}

void ThumbnailFilter::setProblemsOnly(bool only)
{
    problemsOnly_ = only;
    invalidateFilter();
}

bool ThumbnailFilter::filterAcceptsRow(int row, const QModelIndex& parent) const
{
    if (parent.isValid())
        return false;
    // Read in place: a copy of each item would make typing slow over a hundred thousand of them.
    const auto& item = static_cast<const ThumbnailModel*>(sourceModel())->items()[static_cast<std::size_t>(row)];
    if (!badge_.isEmpty() && item.badge != badge_)
        return false;
    if (problemsOnly_ && !hasProblem(item))
        return false;
    return std::all_of(words_.begin(), words_.end(), [&item](const QString& word) {
        return item.id.contains(word, Qt::CaseInsensitive) || item.caption.contains(word, Qt::CaseInsensitive);
    });
}

} // namespace nanodit
