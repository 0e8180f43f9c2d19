#pragma once

#include "core/dataset/ledger.h"

#include <QWidget>

class QLabel;
class QListWidget;
class QPushButton;
class QSpinBox;
class QTreeWidget;
class QTreeWidgetItem;

namespace nanodit {

class Session;

/// The ledger of an epoch: by bucket, how many pictures it sees, sees twice, does not see and shows cropped; a click on
/// a number lists them. Buckets that fill no batch are named here, before a training meets them.
class EpochPanel : public QWidget {
    Q_OBJECT

public:
    explicit EpochPanel(Session& session, QWidget* parent = nullptr);
    void show(const EpochLedger& ledger);
    /// Makes the ledger anew, in the background.
    void ask();
    void clear();

Q_SIGNALS:
    void recordChosen(const QString& id);

private:
    QSpinBox* addNumber(class QHBoxLayout* row, const QString& name, const QString& help, int least, int value);
    void list(const QString& title);
    void listRecords(const QTreeWidgetItem* item, int column);

    Session& session_;
    QLabel *mark_, *sentence_, *listed_;
    QSpinBox *batch_, *seed_, *epoch_;
    QTreeWidget* buckets_;
    QListWidget* records_;
    EpochLedger ledger_;
    int asked_ = 0; ///< Counts questions, so that late answers are dropped.
};

} // namespace nanodit
