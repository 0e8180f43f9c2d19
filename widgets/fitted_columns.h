#pragma once

#include <QObject>

#include <utility>
#include <vector>

class QModelIndex;
class QTreeView;

namespace nanodit {

/// Keeps a table from scrolling sideways: each column gets what it needs, and where that is more than there is room
/// for, the elastic ones give way, down to their headers. Texts and titles that are cut off then stand in tool tips.
class FittedColumns : public QObject {
    Q_OBJECT

public:
    /// Where room that is left goes: nowhere, so that numbers stay beside what they are of, or to the last column.
    enum class Rest { StaysFree, ToLastColumn };
    /// A child of the table.
    FittedColumns(QTreeView* table, std::vector<int> elastic, Rest rest = Rest::StaysFree);
    /// Measures what the columns hold now; call when that is other.
    void measure();
    /// Of a table whose columns change; measure() follows.
    void setElastic(std::vector<int> columns) { elastic_ = std::move(columns); }
    /// What the columns would take with nothing cut off, as it was measured.
    int neededWidth() const;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void fit();
    bool isCutOff(const QModelIndex& index) const;

    QTreeView* table_;
    std::vector<int> elastic_;
    Rest rest_;
    std::vector<int> needed_, least_; ///< By column, logical pixels; 0: hidden.
};

} // namespace nanodit
