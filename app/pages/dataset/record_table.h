#pragma once

#include "widgets/editable_table.h"

namespace nanodit {

class RecordModel;

/// Records as rows: a small picture beside the id, caption, split and tags to edit in their cells, the marks of the
/// four arrays, and what there is to say of each.
class RecordTable : public EditableTable {
    Q_OBJECT
    Q_PROPERTY(QByteArray arrangement READ arrangement WRITE setArrangement)

public:
    explicit RecordTable(QWidget* parent = nullptr);
    void setModel(QAbstractItemModel* model) override;
    /// What the split's cell offers besides what is typed.
    void setSplits(const QStringList& splits);
    /// Hides the columns that are empty in every row: tags, remarks and a model's numbers.
    void showFilled(const RecordModel& model);
    /// Order of the columns, sort order, and widths where somebody has set them: to be kept over starts.
    QByteArray arrangement() const;
    void setArrangement(const QByteArray& state);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void fitColumns();

    class KeptColumns* columns_;
    class SplitDelegate* splits_;
};

} // namespace nanodit
