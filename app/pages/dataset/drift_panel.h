#pragma once

#include "core/workbench.h"

#include <QWidget>

class QLabel;
class QPushButton;
class QTreeWidget;

namespace nanodit {

/// How much the features of the same pictures change with the resolution that they are encoded at: by bucket, and by
/// record, the largest drift first.
class DriftPanel : public QWidget {
    Q_OBJECT

public:
    explicit DriftPanel(QWidget* parent = nullptr);
    void show(const DriftReport& report);
    void clear();
    void setMeasurable(bool measurable);

Q_SIGNALS:
    void measureWanted();
    void recordChosen(const QString& id);

private:
    QLabel* sentence_;
    QPushButton* measure_;
    QTreeWidget *buckets_, *records_;
};

} // namespace nanodit
