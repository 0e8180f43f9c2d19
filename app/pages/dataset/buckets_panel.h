#pragma once

#include "core/front/data.h"
#include "core/geometry/bucket.h"

#include <QTreeWidget>

namespace nanodit {

class FittedColumns;

/// What is known of one bucket without opening a picture.
struct BucketFacts {
    ImageSize bucket;
    std::int64_t records = 0, training = 0;
    std::int64_t excluded = 0; ///< Not among the others.
    double lost = 0;     ///< Share of the originals' pixels that cropping cuts away, 0 to 1: the mean over its records.
    double mostLost = 0; ///< Of the record that loses most...
    std::string loser;   ///< ...and its id; empty when none loses anything.
    double enlarged = 0; ///< Share of its records that are smaller than the bucket and have to be enlarged.
};
/// By size of the bucket. Any thread.
std::vector<BucketFacts> bucketFacts(const std::vector<RecordInfo>& records);

/// The buckets with how many records they hold and what cropping to them costs; small ones are named.
class BucketsPanel : public QTreeWidget {
    Q_OBJECT

public:
    /// Training pictures below which a bucket cannot fill batches of usual sizes without repeating.
    static constexpr std::int64_t fewPictures = 16;
    explicit BucketsPanel(QWidget* parent = nullptr);
    void show(const std::vector<BucketFacts>& buckets);

Q_SIGNALS:
    void bucketChosen(const QString& bucket);
    void recordChosen(const QString& id); ///< The one that loses most.

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    FittedColumns* columns_;
};

} // namespace nanodit
