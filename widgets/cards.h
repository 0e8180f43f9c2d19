#pragma once

#include "widgets/colours.h"
#include "widgets/plots/moving_average.h"

#include <QFrame>
#include <QPointer>
#include <QTimer>

#include <optional>

class QLabel;

namespace nanodit {

class MetricSeries;

/// The course of a series as a small line without axes.
class Sparkline : public QWidget {
    Q_OBJECT

public:
    Sparkline(MetricSeries* series, Hue hue, bool averaged, QWidget* parent = nullptr);
    QSize sizeHint() const override { return {72, 28}; }
    QSize minimumSizeHint() const override { return {32, 24}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QPointer<MetricSeries> series_;
    MovingAverage average_;
    Hue hue_;
    bool averaged_;
};

/// One number with its name, unit, sparkline, and whether it is healthy. Renewed at most ten times a second.
class MetricCard : public QFrame {
    Q_OBJECT

public:
    struct Look {
        QString title;
        QString unit;
        Hue hue = Hue::Grey;
        bool averaged = false; ///< Shows the moving average.
        std::optional<std::pair<double, double>> healthy;
    };
    MetricCard(MetricSeries* series, const Look& look, QWidget* parent = nullptr);

private:
    void refresh();

    QPointer<MetricSeries> series_;
    MovingAverage average_;
    Look look_;
    QLabel* number_;
    QLabel* unit_;
    Sparkline* sparkline_;
    QTimer soon_;
};

} // namespace nanodit
