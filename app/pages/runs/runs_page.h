#pragma once

#include "app/pages/runs/run_rows.h"
#include "app/session.h"

#include <QWidget>

#include <memory>

class QLabel;
class QPushButton;
class QStackedWidget;
class QTreeWidget;
class QTreeWidgetItem;
class QVBoxLayout;

namespace nanodit {

class CurvePlot;
class MetricSeries;
class PageFrame;
class StatePanel;
class Training;

/// Every run of the workspace as a line; the losses of the checked ones over each other, and what differs in their
/// configurations.
class RunsPage : public QWidget {
    Q_OBJECT

public:
    RunsPage(Session& session, const Training& training, QWidget* parent = nullptr);
    bool settled() const;
    /// Checks exactly these; tests and screenshots.
    void check(const QStringList& names);

Q_SIGNALS:
    void trainWanted();
    void runWanted(const QString& name);        ///< To see it on the Train page.
    void validationWanted(const QString& name); ///< To see it on the Validate page.
    void comparisonWanted(const QString& name, const QString& against);

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeContent();
    void read();
    void fill();
    void highlightSparks(); ///< Those of selected rows.
    void checkedChanged();
    void plot(const std::vector<const RunOverview*>& checked);
    void showDifferences(const std::vector<const RunOverview*>& checked);
    std::vector<const RunOverview*> checked() const;
    QString current() const;
    void updateState();

    Session& session_;
    const Training& training_;
    PageFrame* frame_;
    QStackedWidget* states_;
    StatePanel* state_;
    QTreeWidget *table_, *differences_;
    QLabel* differencesNote_;
    QVBoxLayout* plotColumn_;
    CurvePlot* plot_ = nullptr;
    QPushButton *show_, *validate_, *compare_;
    std::vector<RunOverview> runs_;
    std::vector<std::unique_ptr<MetricSeries>> sparks_, curves_;
    bool known_ = false;
};

} // namespace nanodit
