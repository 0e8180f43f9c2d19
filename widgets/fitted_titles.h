#pragma once

#include <QObject>

class QHeaderView;

namespace nanodit {

/// Titles of columns that have no room, which end in dots, stand in full in a tool tip, before what the model says
/// there.
class FittedTitles : public QObject {
    Q_OBJECT

public:
    /// A child of the header.
    explicit FittedTitles(QHeaderView* header);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    bool isCutOff(int column) const;

    QHeaderView* header_;
};

} // namespace nanodit
