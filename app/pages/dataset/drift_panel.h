#pragma once

#include "core/front/data.h"

#include <QWidget>

class QPushButton;
class QTreeWidget;

namespace nanodit {

class FittedColumns;
class JobRunner;
class WorkHead;

/// How much the features of the same pictures change with the resolution that they are encoded at: by bucket, and by
/// record, the largest drift first. While it is measured, how far that is.
class DriftPanel : public QWidget {
    Q_OBJECT

public:
    explicit DriftPanel(QWidget* parent = nullptr);
    void show(const DriftReport& report);
    /// It is being measured; told until the job ends.
    void follow(JobRunner* runner);
    void clear();
    void setMeasurable(bool measurable);

Q_SIGNALS:
    void measureWanted();
    void recordChosen(const QString& id);

private:
    WorkHead* head_;
    QPushButton* measure_;
    QTreeWidget *buckets_, *records_;
    bool showsAPart_ = false; ///< Of what is being measured, or was when it was stopped.
    FittedColumns *bucketColumns_, *recordColumns_;
};

} // namespace nanodit
