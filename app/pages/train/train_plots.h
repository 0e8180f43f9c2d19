#pragma once

#include <QWidget>

#include <array>

namespace nanodit {

class CurvePlot;
struct TrainSeries;

/// The curves of a training in two large panels, or four where there is room; each shows what its picker says.
class TrainPlots : public QWidget {
    Q_OBJECT

public:
    explicit TrainPlots(TrainSeries& series, QWidget* parent = nullptr);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    enum class Quantity { Loss, VelocityNorm, GradientNorms, LearningRate };
    static constexpr int quantities = 4;
    QWidget* makePanel(Quantity first);
    CurvePlot* makePlot(Quantity quantity, QWidget* parent);
    static QString nameOf(Quantity quantity);

    TrainSeries& series_;
    std::array<QWidget*, quantities> panels_{};
};

} // namespace nanodit
