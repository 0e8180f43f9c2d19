#pragma once

#include "app/plots/plot_layout.h"
#include "app/plots/plot_subjects.h"
#include "app/plots/subject_plots.h"

#include <QFrame>

#include <optional>
#include <utility>
#include <vector>

class QAction;
class QHBoxLayout;
class QToolButton;
class QVBoxLayout;

namespace nanodit {

class BackgroundQueue;
class Dialogs;
class FittedComboBox;
class PlotView;

/// What can be seen of the horizontal axis, in its unit; none: everything, also what is still to come.
using AxisRange = std::optional<std::pair<double, double>>;

/// One plot with its frame: what it shows, to be picked; its lines; and a menu to scale, save and remove it. Shares and
/// blocks of several runs lie below each other, a named row for each.
class PlotPanel : public QFrame {
    Q_OBJECT

public:
    PlotPanel(BackgroundQueue& background, Dialogs& dialogs, QWidget* parent = nullptr);

    /// From now on everything is shown of them.
    void showRuns(const std::vector<PlottedRun>& runs);
    void setSubject(const QString& key);
    const QString& subject() const { return subject_.key; }
    /// On the scale that is not the subject's own.
    void setOtherScale(bool other);
    bool otherScale() const { return otherScale_; }
    void setSmoothing(double smoothing);
    void setHorizontal(AxisUnit unit, bool logarithmic);
    void setIgnoreOutliers(bool ignore);
    /// Of all of its rows.
    void showRange(const AxisRange& range);
    const AxisRange& range() const { return range_; }
    void setRemovable(bool removable);
    /// Leaves its place and goes, once no file is being chosen for it.
    void retire();
    void setEmptyText(const QString& text);
    /// The only one, or the first row.
    PlotView* plot() const { return plots_.front(); }
    /// One, or a row for each run.
    const std::vector<PlotView*>& plots() const { return plots_; }
    /// As it is saved, the rows below each other.
    QImage picture() const;
    QByteArray table() const { return subjectTable(subject_, runs_); }

Q_SIGNALS:
    void subjectPicked();
    void scalePicked();
    void removeWanted();
    /// The user zoomed, moved or went back to everything.
    void rangeChosen();
    void done(const QString& sentence); ///< What was saved or copied.
    void failed(const QString& what, const nanodit::Notice& why);

protected:
    bool event(QEvent* event) override;

private:
    enum class LegendPlace { None, Beside, Below };

    void fillPicker();
    void placeLegend();
    void makeMenu();
    void rebuild();
    QWidget* makeRows();
    void takeRange(const AxisRange& range);
    void showMarks();
    void showEmptyText();
    QString emptyWords() const;
    QString runTitle(std::size_t row) const;
    QString pictureTitle() const;
    QString fileStem() const;
    QString chooseFile(const QString& title, const QString& ending, const QString& filter);
    void savePicture();
    void saveTable();

    BackgroundQueue& background_;
    Dialogs& dialogs_;
    FittedComboBox* picker_;
    QToolButton* menu_;
    QAction *logarithmic_, *remove_;
    QHBoxLayout* head_;
    QVBoxLayout* column_;
    LegendPlace legendPlace_ = LegendPlace::None;
    QWidget* body_ = nullptr; ///< The plot, or the rows.
    std::vector<PlotView*> plots_;
    PlotSubject subject_;
    std::vector<PlottedRun> runs_;
    bool otherScale_ = false;
    double smoothing_ = defaultSmoothing;
    AxisUnit unit_ = AxisUnit::Steps;
    bool logarithmicAxis_ = false, ignoreOutliers_ = false;
    AxisRange range_;
    bool placing_ = false; ///< Ranges are being set from here.
    QString emptyText_;
    bool recorded_ = false; ///< A run of these has steps: an empty plot is of what it has not recorded.
    bool choosing_ = false, retired_ = false;
};

} // namespace nanodit
