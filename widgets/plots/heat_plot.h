#pragma once

#include "widgets/plots/plot_view.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

class QCPColorMap;
class QCPColorScale;

namespace nanodit {

/// A value of every block over a training, as colours: a row a block, the first at the bottom.
class HeatPlot : public PlotView {
    Q_OBJECT

public:
    /// `row` names one row ("block"), `quantity` what the colours stand for, with its unit.
    HeatPlot(const QString& row, const QString& quantity, QWidget* parent = nullptr);
    void setClock(std::shared_ptr<const StepClock> clock);
    /// A fixed scale; without it the colours fit what is shown.
    void setScale(double low, double high);

    struct Course {
        std::vector<double> steps;               ///< Ascending.
        std::vector<std::vector<double>> values; ///< By step, then by row; not-a-number where there is none.
    };
    void setCourse(Course course);

    bool isEmptyOver(AxisUnit unit) const override { return course_.steps.empty() || !clock_->counts(unit); }
    /// The values of the ends of the colour bar.
    std::pair<double, double> shownColours() const;
    std::vector<Reading> readingsAt(double position) const override;

protected:
    void draw(const ShownRange& shown) override;
    std::optional<std::pair<double, double>> extent(AxisUnit unit) const override;
    void applyOwnColours() override;

private:
    std::size_t measuredAt(double position, AxisUnit unit) const; ///< The newest step that is not behind it.

    QString row_;
    QCPColorMap* map_;
    QCPColorScale* bar_;
    Course course_;
    std::size_t rows_ = 0;
    std::optional<std::pair<double, double>> scale_;
    std::shared_ptr<const StepClock> clock_ = std::make_shared<const StepClock>();
};

} // namespace nanodit
