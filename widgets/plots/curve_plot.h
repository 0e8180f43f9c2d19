#pragma once

#include "widgets/plots/moving_average.h"
#include "widgets/plots/plot_view.h"

#include <QPointer>

#include <memory>
#include <optional>
#include <vector>

class QCPGraph;
class QCPItemRect;

namespace nanodit {

class MetricSeries;
struct ValueRange;

/// Curves over a training. Of the shown range it draws no more points than the plot has columns of pixels, and the
/// vertical axis fits what is shown, on demand without outliers; triangles then mark where a curve leaves the plot.
class CurvePlot : public PlotView {
    Q_OBJECT

public:
    enum class Scale { Linear, Logarithmic };
    explicit CurvePlot(QWidget* parent = nullptr, Scale scale = Scale::Linear);

    enum class Drawn {
        AsIs,
        WithAverage, ///< The points faintly, their moving average over them.
        Marked       ///< A mark at every point, of another shape for every curve: for few of them.
    };
    struct Style {
        Hue hue = Hue::Grey;
        Drawn drawn = Drawn::AsIs;
        Qt::PenStyle pen = Qt::SolidLine;
    };
    /// The series is not owned and may die first. `clock`: of the run that it is of.
    void addCurve(MetricSeries* series, const QString& name, const Style& style,
                  std::shared_ptr<const StepClock> clock = {});
    /// Shades values that are healthy.
    void setHealthyBand(double lowest, double highest);
    void setScale(Scale scale);
    Scale scale() const { return scale_; }
    /// Of the curves with an average, see MovingAverage.
    void setSmoothing(double smoothing);
    /// Fits the vertical axis to what is shown without outliers, see rangeWithoutOutliers.
    void setIgnoreOutliers(bool ignore);
    bool ignoresOutliers() const { return ignoreOutliers_; }

    bool isEmptyOver(AxisUnit unit) const override;
    std::vector<Reading> readingsAt(double position) const override;
    /// The points of a curve that are drawn now.
    Points drawnPoints(std::size_t curve) const;
    enum class Edge { Top, Bottom };
    /// The positions at which a curve is marked to leave the plot.
    QVector<double> leavesAt(std::size_t curve, Edge edge) const;

protected:
    void draw(const ShownRange& shown) override;
    std::optional<std::pair<double, double>> extent(AxisUnit unit) const override;
    void applyOwnColours() override;
    double endRoom() const override { return marked_ ? 0.03 : 0; }

private:
    struct Curve {
        QPointer<MetricSeries> series;
        QString name;
        Style style;
        std::shared_ptr<const StepClock> clock;
        std::shared_ptr<MovingAverage> average; ///< Null without.
        QCPGraph* raw = nullptr;
        QCPGraph* smooth = nullptr;
        QCPGraph *above = nullptr, *below = nullptr; ///< Marks where it leaves the plot.
    };
    bool hasPlace(const Curve& curve, AxisUnit unit) const;
    std::optional<ValueRange> usualRange(const ShownRange& shown) const;
    void fitValues(double lowest, double highest);
    void markLeaving(const Curve& curve, const ShownRange& shown);
    void showLegend();

    Scale scale_;
    std::vector<Curve> curves_;
    std::optional<std::pair<double, double>> band_;
    QCPItemRect* bandBox_ = nullptr;
    double smoothing_ = defaultSmoothing;
    bool ignoreOutliers_ = false;
    std::size_t withoutPlace_ = 0; ///< Curves that the axis cannot place; the legend says so.
    bool marked_ = false;          ///< Leaves room beside the outermost marks.
};

} // namespace nanodit
