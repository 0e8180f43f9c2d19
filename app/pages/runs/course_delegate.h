#pragma once

#include <QStyledItemDelegate>

namespace nanodit {

/// Draws RunModel::PointsRole as a small line without axes; on a selected row in the colour of its text, where its own
/// would not be seen.
class CourseDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {112, 32}; }
};

} // namespace nanodit
