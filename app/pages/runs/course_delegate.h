#pragma once

#include <QStyledItemDelegate>

namespace nanodit {

/// Draws RunModel::PointsRole as a small line without axes, in the colour that the run has in the plots.
class CourseDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {112, 32}; }
};

} // namespace nanodit
