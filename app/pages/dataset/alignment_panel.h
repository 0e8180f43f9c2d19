#pragma once

#include "core/front/data.h"

#include <QWidget>

class QPushButton;
class QTreeWidget;

namespace nanodit {

class FittedColumns;
class HistogramView;
class JobRunner;
class WorkHead;

/// What the alignment certificates say: the verdict in words, how like the truth and its best alternative the stored
/// patches are, and the records, worst first. While certificates are made, how far that is.
class AlignmentPanel : public QWidget {
    Q_OBJECT

public:
    explicit AlignmentPanel(QWidget* parent = nullptr);
    /// How the making of certificates ended.
    void show(const CertifyReport& report);
    /// The certificates that an earlier run has left; nothing where a report is shown already.
    void showKept(const CertifyReport& kept);
    /// Certificates are being made; told until the job ends.
    void follow(JobRunner* runner);
    void clear();
    void setFree(bool free); ///< Whether certificates can be made.
    /// Whether what is shown is all that there is to say: no look at the catalog is needed.
    bool told() const { return told_; }

Q_SIGNALS:
    void recordChosen(const QString& id);
    void certifyWanted();
    /// Certificates were kept that are not shown.
    void keptWanted();

private:
    void fill(const CertifyReport& report);
    void addRow(const RecordCertificate& one);

    WorkHead* head_;
    QPushButton* certify_;
    HistogramView* histogram_;
    QTreeWidget* records_;
    FittedColumns* columns_;
    bool told_ = false, stopped_ = false;
};

} // namespace nanodit
