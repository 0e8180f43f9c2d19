#pragma once

#include <QTimer>
#include <QWidget>

class QLabel;
class QStackedWidget;
class QUndoStack;

namespace nanodit {

/// The line below the records: how many there are, or for some seconds what was done, and undo and redo beside it.
class RecordFooter : public QWidget {
    Q_OBJECT

public:
    explicit RecordFooter(QUndoStack* undo, QWidget* parent = nullptr);
    void setCounts(const QString& counts);
    /// Says for some seconds, in the place of the counts, what was done.
    void tell(const QString& what);

private:
    QLabel *counts_, *told_;
    QStackedWidget* texts_;
    QTimer toldFor_;
};

} // namespace nanodit
