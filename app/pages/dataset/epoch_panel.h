#pragma once

#include "core/front/data.h"

#include <QWidget>

class QAbstractSpinBox;
class QHBoxLayout;
class QLabel;
class QListWidget;
class QPushButton;
class QSpinBox;
class QTreeWidget;
class QTreeWidgetItem;

namespace nanodit {

class FittedColumns;
class SeedEdit;
class Session;

/// The ledger of an epoch: by bucket, how many pictures it sees, sees twice, does not see and shows cropped; a click on
/// a number lists them. Buckets that fill no batch are named here, before a training meets them.
class EpochPanel : public QWidget {
    Q_OBJECT

public:
    explicit EpochPanel(Session& session, QWidget* parent = nullptr);
    void show(const EpochLedger& ledger);
    /// Makes the ledger anew, in the background: one at a time, however often it is asked for.
    void ask();
    void clear();

Q_SIGNALS:
    void recordChosen(const QString& id);
    void packWanted();

private:
    QSpinBox* makeNumber(int least, int value);
    void addNumber(QHBoxLayout* row, const QString& name, const QString& help, QAbstractSpinBox* number);
    void showNumbers(bool shown); ///< Or, instead of them, what makes a ledger possible.
    bool answered(int number);    ///< Whether it is what was asked for last; else that follows.
    void list(const QString& title);
    void listRecords(const QTreeWidgetItem* item, int column);

    Session& session_;
    QLabel *mark_, *sentence_, *listed_;
    QSpinBox* batch_;
    SeedEdit* seed_;
    QSpinBox* epoch_;
    QPushButton* pack_; ///< Where nothing is packed yet.
    QTreeWidget* buckets_;
    QWidget* chosen_; ///< The list of records, beside the numbers.
    QListWidget* records_;
    FittedColumns* columns_;
    EpochLedger ledger_;
    std::vector<QWidget*> numbers_; ///< What the epoch is asked for by.
    int asked_ = 0;                 ///< Counts questions, so that late answers are dropped.
    bool reading_ = false;
    bool again_ = false; ///< Something else was asked for while one was read.
};

} // namespace nanodit
