#pragma once

#include "core/workbench.h"

#include <QWidget>

class QLabel;
class QPushButton;
class QTreeWidget;

namespace nanodit {

class HistogramView;

/// What the alignment certificates say: the verdict in words, how like the truth and its best alternative the stored
/// patches are, and the records, worst first.
class AlignmentPanel : public QWidget {
    Q_OBJECT

public:
    explicit AlignmentPanel(QWidget* parent = nullptr);
    void show(const CertifyReport& report);
    void clear();

Q_SIGNALS:
    void recordChosen(const QString& id);

private:
    void addRow(const RecordCertificate& one);

    QLabel *mark_, *verdict_;
    HistogramView* histogram_;
    QTreeWidget* records_;
};

} // namespace nanodit
