#pragma once

#include <QHeaderView>

namespace nanodit {

/// The header of a table's columns. A title that has no room ends in dots, where Qt would cut it off under a style
/// sheet, and stands in full in a tool tip, before what the model says there.
class FittedHeader : public QHeaderView {
    Q_OBJECT

public:
    explicit FittedHeader(QWidget* parent = nullptr);

protected:
    void initStyleOptionForIndex(QStyleOptionHeader* option, int column) const override;
    bool viewportEvent(QEvent* event) override;

private:
    QString fitted(const QString& title, int column) const;
};

} // namespace nanodit
