#pragma once

#include "core/workbench.h"

#include <QTreeWidget>

namespace nanodit {

/// What is known of one bucket without opening a picture.
struct BucketFacts {
    ImageSize bucket;
    std::int64_t records = 0, training = 0;
    double lost = 0;     ///< Share of the originals' pixels that cropping cuts away, 0 to 1: the mean over its records.
    double enlarged = 0; ///< Share of its records that are smaller than the bucket and have to be enlarged.
};
/// By name of the bucket.
std::vector<BucketFacts> bucketFacts(const std::vector<RecordInfo>& records);

/// The buckets with how many records they hold and what cropping to them costs; small ones are named.
class BucketsPanel : public QTreeWidget {
    Q_OBJECT

public:
    /// Training pictures below which a bucket cannot fill batches of usual sizes without repeating.
    static constexpr std::int64_t fewPictures = 16;
    explicit BucketsPanel(QWidget* parent = nullptr);
    void show(const std::vector<RecordInfo>& records);

Q_SIGNALS:
    void bucketChosen(const QString& bucket);
};

} // namespace nanodit
