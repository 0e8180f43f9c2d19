#pragma once

#include "app/plots/plot_panel.h"

class QAction;
class QComboBox;
class QGridLayout;
class QLabel;
class QSlider;
class QToolButton;

namespace nanodit {

/// Up to four plots of one run, or of several over each other, with what they share: smoothing, what the horizontal
/// axis counts and which part of it is shown, and whether outliers are left out.
class MetricPlots : public QWidget {
    Q_OBJECT

public:
    MetricPlots(BackgroundQueue& background, Dialogs& dialogs, QWidget* parent = nullptr);
    void setRuns(std::vector<PlottedRun> runs);
    /// What is shown until somebody arranges the plots; without it some of a single training, as many as there is room
    /// for.
    void setUsual(const QStringList& subjects);
    /// Said in the plots while there is nothing to draw.
    void setEmptyText(const QString& text);
    /// At the left of the line above the plots.
    void addTool(QWidget* tool);

    void setArrangement(const PlotLayout& layout);
    const PlotLayout& arrangement() const { return layout_; }
    std::vector<PlotPanel*> panels() const { return panels_; }

Q_SIGNALS:
    /// The user arranged them in another way.
    void arranged();
    void done(const QString& sentence); ///< What was saved or copied.
    void failed(const QString& what, const nanodit::Notice& why);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QLayout* makeTools();
    QToolButton* makeOptions();
    void addPanel();
    void removePanel(PlotPanel* panel);
    void arrange();
    /// Shows the range of one plot in all of them, if they are linked.
    void link(const PlotPanel& chosen);
    void keep();
    void showSmoothing();
    QStringList subjects() const; ///< That are shown: the chosen ones, or the usual ones.

    BackgroundQueue& background_;
    Dialogs& dialogs_;
    PlotLayout layout_;
    QStringList usual_;
    std::vector<PlottedRun> runs_;
    std::vector<PlotPanel*> panels_;
    QHBoxLayout* tools_;
    QSlider* smoothing_;
    QLabel* smoothingText_;
    QComboBox* axis_;
    QToolButton *logarithmic_, *add_;
    QAction *linked_ = nullptr, *ignoreOutliers_ = nullptr;
    QGridLayout* grid_;
    QString emptyText_;
};

} // namespace nanodit
