#pragma once

#include "app/validating.h"

#include <QWidget>

#include <vector>

class QStackedWidget;
class QTreeWidget;
class QVBoxLayout;

namespace nanodit {

class CurvePlot;
class FittedColumns;
class FittedComboBox;
class MetricSeries;
class StatePanel;

/// A validated model against another: the table of differences, and how metrics and loss went over the steps.
class ComparisonPanel : public QWidget {
    Q_OBJECT

public:
    explicit ComparisonPanel(QWidget* parent = nullptr);
    ~ComparisonPanel() override;
    void show(const ShownValidation& shown);

Q_SIGNALS:
    /// A line of the table was opened: show the pictures behind it.
    void metricChosen(nanodit::ValidationTask task, const QString& metric);

protected:
    void changeEvent(QEvent* event) override;

private:
    QWidget* makeCurves();
    void fillTable();
    void listCourses();
    void plotCourse();
    void plotLoss();

    QStackedWidget* states_;
    StatePanel* nothing_;
    QTreeWidget* table_;
    FittedColumns* columns_ = nullptr;
    FittedComboBox* courseChoice_;
    QVBoxLayout *courseColumn_, *lossColumn_;
    CurvePlot *course_ = nullptr, *loss_ = nullptr;
    std::vector<std::unique_ptr<MetricSeries>> courseSeries_, lossSeries_;
    std::vector<MetricDifference> differences_;
    std::vector<MetricCourse> courses_; ///< That courseChoice_ lists.
    std::vector<LossCourse> losses_;
    QString baselineRun_, baselineName_; ///< As the losses and as the courses call it.
    QString shownRun_, shownName_;       ///< The same of what is shown.
};

} // namespace nanodit
