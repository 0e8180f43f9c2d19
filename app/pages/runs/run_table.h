#pragma once

#include "widgets/editable_table.h"

namespace nanodit {

/// The table of runs: its columns fit what they hold until somebody sets their widths.
class RunTable : public EditableTable {
    Q_OBJECT
    Q_PROPERTY(QByteArray arrangement READ arrangement WRITE setArrangement)

public:
    explicit RunTable(QWidget* parent = nullptr);
    void setModel(QAbstractItemModel* model) override;
    /// To what they hold now, unless somebody has set widths; the last one takes what is left. Where that is little,
    /// the columns stand closer together.
    void fitColumns();
    /// Order of the columns, sort order, and widths where somebody has set them: to be kept over starts.
    QByteArray arrangement() const;
    void setArrangement(const QByteArray& state);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void paintEvent(QPaintEvent* event) override; ///< Says so where a search finds no run.

private:
    class KeptColumns* columns_;
    bool fitted_ = false; ///< The table has held something to fit to.
};

} // namespace nanodit
