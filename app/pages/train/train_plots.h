#pragma once

#include <QWidget>

#include <array>
#include <cstddef>

namespace nanodit {

class CurvePlot;
class TrainSeries;

/// The curves of a training in two large panels, or four where there is room; each shows what its picker says.
class TrainPlots : public QWidget {
    Q_OBJECT

public:
    explicit TrainPlots(TrainSeries& series, QWidget* parent = nullptr);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makePanel(std::size_t firstSubject);
    CurvePlot* makePlot(std::size_t subject, QWidget* parent);

    TrainSeries& series_;
    std::array<QWidget*, 4> panels_{};
};

} // namespace nanodit
