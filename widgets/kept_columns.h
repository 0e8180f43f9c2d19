#pragma once

#include <QByteArray>
#include <QObject>

#include <functional>

class QHeaderView;

namespace nanodit {

/// What is to be kept of a table's columns over starts: their order, the sort order, and their widths. The table fits
/// the widths to what it holds until somebody sets one; from then on they stay.
class KeptColumns : public QObject {
    Q_OBJECT

public:
    /// A child of the header.
    explicit KeptColumns(QHeaderView* header);

    /// From now on a width that changes is somebody's, but for that of the last column, which changes by itself, and
    /// for what change() does. Call it once the table has its model.
    void watch();
    /// Hides, shows and resizes columns as the table itself does.
    void change(const std::function<void()>& columns);
    /// Somebody has set a width: the table leaves them as they are.
    bool byHand() const { return byHand_; }

    QByteArray state() const;
    /// Does nothing with what is no such state, or is of a table with other columns; the widths are then nobody's.
    void restore(const QByteArray& state);

private:
    bool isLastShown(int column) const;

    QHeaderView* header_;
    bool changing_ = false;
    bool byHand_ = false;
};

} // namespace nanodit
