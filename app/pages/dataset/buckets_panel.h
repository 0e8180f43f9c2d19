#pragma once

#include "app/bucket_facts.h"

#include <QTreeWidget>

namespace nanodit {

class FittedColumns;

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
