#pragma once

#include "app/background_queue.h"
#include "app/pages/dataset/buckets_panel.h"
#include "app/pages/dataset/record_model.h"
#include "core/front/data.h"

#include <QObject>

#include <functional>
#include <memory>
#include <utility>

namespace nanodit {

struct RecordOrder {
    RecordModel::Column column = RecordModel::IdColumn;
    bool descending = false;
    bool operator==(const RecordOrder&) const = default;
};

/// Those that the query accepts, in order; equal ones by id; those without a number that is sorted by behind the
/// others. Any thread.
ArrangedRecords arrangeRecords(RecordsValue all, const RecordQuery& query, RecordOrder order, WorthValue worth = {});

/// What a RecordModel shows of the records: filtered, sorted and counted on a thread of its own, so that the window
/// does the same little work for three records and for a hundred thousand. Of what was asked for only the newest is
/// done.
class RecordList : public QObject {
    Q_OBJECT

public:
    explicit RecordList(RecordModel* model, QObject* parent = nullptr);

    void setRecords(RecordsValue records);
    /// A query that cannot be leaves everything as it is and tells so by `refused`.
    void setQuery(const QString& text);
    void setOrder(RecordOrder order);
    void setWorth(WorthValue worth); ///< Null: none was measured.
    const RecordOrder& order() const { return order_; }
    const RecordCounts& counts() const { return counts_; }               ///< Of all records.
    const std::vector<BucketFacts>& buckets() const { return buckets_; } ///< Of all records.
    /// While it answers true, the model keeps its rows; what is asked for meanwhile is done by catchUp().
    void waitWhile(std::function<bool()> busy) { busy_ = std::move(busy); }
    void catchUp();
    /// The model shows what was asked for last, or is kept from it.
    bool idle() const { return queue_.pending() == 0; }

Q_SIGNALS:
    /// Just before the model gets its new rows, and just after.
    void aboutToArrange();
    void arranged();
    /// Counts and buckets are others.
    void counted();
    void refused(const QString& why); ///< Empty: no more.

private:
    void arrange();

    RecordModel* model_;
    RecordsValue records_, counted_;
    RecordQuery query_;
    RecordOrder order_;
    WorthValue worth_;
    RecordCounts counts_;
    std::vector<BucketFacts> buckets_;
    int wanted_ = 0;
    std::function<bool()> busy_ = [] { return false; };
    bool late_ = false; ///< Something was asked for while it was busy.
    BackgroundQueue queue_{BackgroundQueue::Order::NewestFirst};
};

} // namespace nanodit
