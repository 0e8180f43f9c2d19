#pragma once

#include "app/plots/plot_layout.h"
#include "app/plots/plot_subjects.h"
#include "app/plots/run_curves.h"

#include <QFrame>
#include <QPointer>

class QAction;
class QComboBox;
class QHBoxLayout;
class QToolButton;
class QVBoxLayout;

namespace nanodit {

class BackgroundQueue;
class Dialogs;
class PlotView;

/// A run as plots show it.
struct PlottedRun {
    QString name;
    QPointer<RunCurves> curves;
};

/// One plot with its frame: what it shows, to be picked; its lines; and a menu to scale, save and remove it.
class PlotPanel : public QFrame {
    Q_OBJECT

public:
    PlotPanel(BackgroundQueue& background, Dialogs& dialogs, QWidget* parent = nullptr);

    /// The first run is the one that shares and blocks are shown of; curves are drawn of all.
    void showRuns(const std::vector<PlottedRun>& runs);
    void setSubject(const QString& key);
    const QString& subject() const { return subject_.key; }
    /// On the scale that is not the subject's own.
    void setOtherScale(bool other);
    bool otherScale() const { return otherScale_; }
    void setSmoothing(double smoothing);
    void setHorizontal(AxisUnit unit, bool logarithmic);
    void setRemovable(bool removable);
    void setEmptyText(const QString& text);
    PlotView* plot() const { return plot_; }
    /// The points of its lines, with a clock where they are of one run.
    QByteArray table() const;

Q_SIGNALS:
    void subjectPicked();
    void scalePicked();
    void removeWanted();
    void failed(const QString& what, const nanodit::Notice& why);

private:
    void fillPicker();
    void makeMenu();
    void rebuild();
    PlotView* makePlot();
    PlotView* makeCurves();
    PlotView* makeShares();
    PlotView* makeBlocks();
    void showMarks();
    QString pictureTitle() const;
    QString fileStem() const;
    void savePicture();
    void saveTable();

    BackgroundQueue& background_;
    Dialogs& dialogs_;
    QComboBox* picker_;
    QToolButton* menu_;
    QAction *logarithmic_, *remove_;
    QHBoxLayout* head_;
    QVBoxLayout* column_;
    PlotView* plot_ = nullptr;
    PlotSubject subject_;
    std::vector<PlottedRun> runs_;
    bool otherScale_ = false;
    double smoothing_ = defaultSmoothing;
    AxisUnit unit_ = AxisUnit::Steps;
    bool logarithmicAxis_ = false;
    QString emptyText_;
};

} // namespace nanodit
