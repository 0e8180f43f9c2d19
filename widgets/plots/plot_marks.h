#pragma once

#include "widgets/plots/decimate.h"

#include <QObject>
#include <QString>
#include <QStringList>

#include <array>
#include <memory>
#include <vector>

class QCPGraph;
class QCustomPlot;

namespace nanodit {

/// Something that happened to a run at a step.
struct PlotMark {
    enum class Kind { Resumed, Changed, Validated, Skipped, Jumped };
    Kind kind = Kind::Resumed;
    double step = 0;
    QString text;                                ///< "Resumed at step 1,200"
    std::shared_ptr<const StepClock> clock = {}; ///< Of its run; steps are positions without one.
};

/// The marks of a plot: of each kind a shape of its own at the edge, resumptions and changes also a line through it.
class PlotMarks : public QObject {
    Q_OBJECT

public:
    explicit PlotMarks(QCustomPlot* plot);
    void set(std::vector<PlotMark> marks);
    void draw(const ShownRange& shown);
    void applyColours();
    /// What happened within `reach` of a position; at most `most` of them.
    QStringList near(double position, double reach, AxisUnit unit, int most = 4) const;
    bool isEmpty() const { return marks_.empty(); }

private:
    static constexpr std::size_t kinds = 5;
    QCustomPlot* plot_;
    std::array<QCPGraph*, kinds> graphs_{};
    std::vector<PlotMark> marks_;
};

} // namespace nanodit
