#pragma once

#include "app/train_forecasts.h"

#include <QFrame>

class QHBoxLayout;
class QLabel;
class QProgressBar;
class QVBoxLayout;

namespace nanodit {

/// What a training would take, before Start: parameters, memory needed and there, time of a step, an epoch and the run,
/// room for checkpoints; and buttons with what makes it fit.
class ForecastPanel : public QFrame {
    Q_OBJECT

public:
    explicit ForecastPanel(QWidget* parent = nullptr);
    /// Of a training of so many steps that are left.
    void show(const ShownForecast& shown, std::int64_t stepsLeft);

Q_SIGNALS:
    /// Settings that make it fit are wanted.
    void changeWanted(const nanodit::FittingChange& change);

private:
    void showChanges(const ShownForecast& shown);

    QLabel *model_, *memory_, *time_, *run_, *disk_;
    QProgressBar* used_;
    QLabel* advice_;
    QVBoxLayout* changes_;
};

/// "Recompute activations", "Batch 4, 4 batches a step": what a change does, on a button.
QString changeText(const FittingChange& change);
/// "3.1 s", "12 min", "5 h 20 min", "51 days".
QString roughDuration(double seconds);

} // namespace nanodit
