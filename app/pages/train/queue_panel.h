#pragma once

#include <QWidget>

class QPushButton;
class QStackedWidget;
class QTreeWidget;

namespace nanodit {

class Training;

/// The trainings that wait for the one that runs, in their order.
class QueuePanel : public QWidget {
    Q_OBJECT

public:
    explicit QueuePanel(Training& training, QWidget* parent = nullptr);

private:
    void showQueue();
    void updateButtons();

    Training& training_;
    QStackedWidget* states_;
    QTreeWidget* table_;
    QPushButton *start_, *remove_;
};

} // namespace nanodit
