#pragma once

#include "widgets/plots/plot_view.h"

#include <QPointer>

#include <memory>
#include <vector>

class QCPGraph;

namespace nanodit {

class MetricSeries;

/// Parts of a whole over a training, as areas one on the other. Points that not every part has are left out; where
/// there are more points than columns of pixels, a column shows their means, which still sum to the whole.
class SharePlot : public PlotView {
    Q_OBJECT

public:
    explicit SharePlot(QWidget* parent = nullptr);
    /// The next part, on top of those before it. The series is not owned and may die first.
    void addPart(MetricSeries* series, const QString& name, Hue hue);
    void setClock(std::shared_ptr<const StepClock> clock);

    bool isEmptyOver(AxisUnit unit) const override;
    std::vector<Reading> readingsAt(double position) const override;
    /// The upper edge of a part as it is drawn now.
    Points drawnEdge(std::size_t part) const;

protected:
    void draw(const ShownRange& shown) override;
    std::optional<std::pair<double, double>> extent(AxisUnit unit) const override;
    void applyOwnColours() override;

private:
    struct Part {
        QPointer<MetricSeries> series;
        QString name;
        Hue hue = Hue::Grey;
        QCPGraph* graph = nullptr;
    };
    struct Stack {
        QVector<double> steps;
        std::vector<QVector<double>> values; ///< By part.
    };
    /// The steps that every part has.
    Stack common() const;

    std::vector<Part> parts_;
    std::shared_ptr<const StepClock> clock_ = std::make_shared<const StepClock>();
};

} // namespace nanodit
