#include "app/pages/dataset/record_list.h"

#include "app/wording.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace nanodit {

namespace {

/// Less than 0, 0, more than 0. Ids are the order of the records themselves.
int compare(const RecordInfo& a, const RecordInfo& b, RecordModel::Column column)
{
    const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
    switch (column) {
    case RecordModel::CaptionColumn:
        return sign(a.caption, b.caption);
    case RecordModel::BucketColumn:
        return sign(a.bucket, b.bucket);
    case RecordModel::SplitColumn:
        return sign(a.split, b.split);
    case RecordModel::TagsColumn:
        return sign(a.tags, b.tags);
    case RecordModel::OriginalColumn:
        return sign(a.original.width * a.original.height, b.original.width * b.original.height);
    case RecordModel::ArraysColumn:
        return sign(a.arrays, b.arrays);
    case RecordModel::RemarkColumn: {
        // What needs a hand first: problems, then exclusions, then what is only stale.
        const auto rank = [](const RecordInfo& r) {
            const bool stale = std::ranges::find(r.arrays, ArrayState::Stale) != r.arrays.end();
            return !r.excluded.empty() ? 1 : !r.problem.empty() && !stale ? 0 : stale ? 2 : 3;
        };
        const int byRank = sign(rank(a), rank(b));
        return byRank != 0 ? byRank : sign(a.excluded + a.problem, b.excluded + b.problem);
    }
    default:
        return 0;
    }
}

/// Those without a number come last in either direction.
void sortByWorth(std::vector<std::uint32_t>& shown, const std::vector<RecordInfo>& records, RecordOrder order,
                 const RecordWorth* worth)
{
    const auto numberOf = [&](std::uint32_t place) {
        return worthIn(order.column, worth != nullptr ? worth->find(records[place].id) : nullptr);
    };
    std::ranges::stable_sort(shown, [&](std::uint32_t a, std::uint32_t b) {
        const auto x = numberOf(a), y = numberOf(b);
        if (!x || !y)
            return x.has_value() && !y;
        return order.descending ? *x > *y : *x < *y;
    });
}

} // namespace

ArrangedRecords arrangeRecords(RecordsValue all, const RecordQuery& query, RecordOrder order, WorthValue worth)
{
    ArrangedRecords arranged;
    const auto& records = *all;
    if (query.empty()) {
        arranged.shown.resize(records.size());
        std::iota(arranged.shown.begin(), arranged.shown.end(), 0U);
    } else {
        for (std::uint32_t place = 0; place < records.size(); ++place) {
            if (query.accepts(records[place]))
                arranged.shown.push_back(place);
        }
    }
    if (order.column == RecordModel::LossColumn || order.column == RecordModel::CaptionGainColumn ||
        order.column == RecordModel::PatchGainColumn)
        sortByWorth(arranged.shown, records, order, worth.get());
    else if (order.column != RecordModel::IdColumn)
        std::ranges::stable_sort(arranged.shown, [&](std::uint32_t a, std::uint32_t b) {
            const int sign = compare(records[a], records[b], order.column);
            return order.descending ? sign > 0 : sign < 0;
        });
    else if (order.descending)
        std::ranges::reverse(arranged.shown);
    arranged.rows.assign(records.size(), -1);
    for (std::size_t row = 0; row < arranged.shown.size(); ++row)
        arranged.rows[arranged.shown[row]] = static_cast<std::int32_t>(row);
    arranged.all = std::move(all);
    arranged.worth = std::move(worth);
    return arranged;
}

RecordList::RecordList(RecordModel* model, QObject* parent)
    : QObject(parent)
    , model_(model)
    , records_(std::make_shared<const std::vector<RecordInfo>>())
{
}

void RecordList::setRecords(RecordsValue records)
{
    records_ = std::move(records);
    arrange();
}

void RecordList::setQuery(const QString& text)
{
    try {
        query_ = RecordQuery(text.toStdString());
    } catch (const UsageError& error) {
        Q_EMIT refused(errorText(error));
        return;
    }
    Q_EMIT refused({});
    arrange();
}

void RecordList::setOrder(RecordOrder order)
{
    if (order == order_)
        return;
    order_ = order;
    arrange();
}

void RecordList::setWorth(WorthValue worth)
{
    if (worth == worth_ || (worth && worth_ && *worth == *worth_))
        return;
    worth_ = std::move(worth);
    arrange();
}

void RecordList::catchUp()
{
    if (std::exchange(late_, false))
        arrange();
}

void RecordList::arrange()
{
    struct Counted {
        RecordCounts counts;
        std::vector<BucketFacts> buckets;
    };
    struct Answer {
        ArrangedRecords arranged;
        std::optional<Counted> counted; ///< Where the records are others.
    };
    const int number = ++wanted_;
    queue_.forgetWaiting();
    queue_.ask(
        this,
        [records = records_, query = query_, order = order_, worth = worth_, others = records_ != counted_] {
            Answer answer{arrangeRecords(records, query, order, worth), {}};
            if (others)
                answer.counted = Counted{countRecords(*records), bucketFacts(*records)};
            return answer;
        },
        [this, number](Answer answer) {
            if (number != wanted_)
                return; // a newer answer follows
            late_ = busy_();
            if (late_)
                return;
            Q_EMIT aboutToArrange();
            const auto all = answer.arranged.all;
            model_->show(std::move(answer.arranged));
            if (answer.counted) {
                counts_ = std::move(answer.counted->counts);
                buckets_ = std::move(answer.counted->buckets);
                counted_ = all;
            }
            Q_EMIT arranged();
            if (answer.counted)
                Q_EMIT counted();
        });
}

} // namespace nanodit
