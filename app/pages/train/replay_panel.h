#pragma once

#include <QWidget>

#include <cstdint>
#include <vector>

class QLabel;
class QPushButton;
class QTreeWidget;

namespace nanodit {

class Training;
struct ReplayReport;

/// The steps of the shown run that were not finite, each of which can be run again, and what that showed.
class ReplayPanel : public QWidget {
    Q_OBJECT

public:
    explicit ReplayPanel(Training& training, QWidget* parent = nullptr);
    bool hasSteps() const { return !steps_.empty(); }

Q_SIGNALS:
    void stepsChanged();

private:
    void listSteps();
    void replay();
    void show(const ReplayReport& report);
    void updateButton();

    Training& training_;
    QTreeWidget* list_;
    QPushButton* replay_;
    QLabel* finding_;
    QTreeWidget* samples_;
    std::vector<std::int64_t> steps_;
};

} // namespace nanodit
