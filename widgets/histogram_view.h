#pragma once

#include "widgets/colours.h"

#include <QWidget>

#include <vector>

namespace nanodit {

/// How often values fall into equal bins, for one or two series over the same axis.
class HistogramView : public QWidget {
    Q_OBJECT

public:
    struct Series {
        QString name;
        Hue hue;
        std::vector<std::int64_t> counts;
        bool hollow = false; ///< Outlined, so that two series are told apart without their colours.
    };
    explicit HistogramView(QWidget* parent = nullptr);
    /// All series have the same number of bins, over [low, high] of `quantity`. Empty ends of the axis are not drawn.
    void setSeries(double low, double high, const QString& quantity, std::vector<Series> series);
    QSize sizeHint() const override { return {280, 140}; }
    QSize minimumSizeHint() const override { return {160, 96}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    double low_ = 0, high_ = 1;
    QString quantity_;
    std::vector<Series> series_;
};

} // namespace nanodit
