#pragma once

#include "app/bucket_facts.h"
#include "app/session.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QPushButton;
class QTreeWidget;

namespace nanodit {

/// The table of buckets: presets, sizes of one's own, and what each would do to the pictures that are imported.
class BucketEditor : public QWidget {
    Q_OBJECT

public:
    explicit BucketEditor(Session& session, QWidget* parent = nullptr);
    void show(const std::vector<ImageSize>& buckets);
    const std::vector<ImageSize>& buckets() const { return buckets_; }

Q_SIGNALS:
    void changed();

private:
    void add();
    void removeSelected();
    void take(std::vector<ImageSize> buckets);
    void count();
    void list(const std::vector<BucketFacts>& facts, std::int64_t moved);

    Session& session_;
    std::vector<ImageSize> buckets_;
    QTreeWidget* table_;
    QLineEdit* size_;
    QLabel* wrong_;
    QLabel* summary_;
    QPushButton* remove_;
};

} // namespace nanodit
