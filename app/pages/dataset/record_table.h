#pragma once

#include <QTableView>

namespace nanodit {

/// Records as rows: a small picture beside the id, caption, split and tags to edit in their cells, the marks of the
/// four arrays, and what there is to say of each.
class RecordTable : public QTableView {
    Q_OBJECT

public:
    explicit RecordTable(QWidget* parent = nullptr);
    void setModel(QAbstractItemModel* model) override;
    /// What the split's cell offers besides what is typed.
    void setSplits(const QStringList& splits);
    /// The columns of a model's numbers, which are hidden where there are none.
    void showWorth(bool shown);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void fitColumns();

    bool fitting_ = false;        ///< Widths are being set here.
    bool arrangedByHand_ = false; ///< Somebody has: they stay.
    class SplitDelegate* splits_;
};

} // namespace nanodit
