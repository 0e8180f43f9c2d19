#pragma once

#include "widgets/plots/min_max_pyramid.h"

#include <QObject>
#include <QVector>

namespace nanodit {

/// The points of one curve; knows nothing of drawing. A value that is not a number is a gap: it is not stored.
class MetricSeries : public QObject {
    Q_OBJECT

public:
    explicit MetricSeries(QObject* parent = nullptr)
        : QObject(parent)
    {
    }

    /// Steps ascend; a step at or before the last one (a run that went back to a checkpoint) drops what lies after it.
    void append(double step, double value);
    void clear();
    bool isEmpty() const { return steps_.isEmpty(); }
    double last() const; ///< Not a number when empty.
    const QVector<double>& steps() const { return steps_; }
    const QVector<double>& values() const { return values_; }
    /// Of the values, up to date.
    const MinMaxPyramid& extremes() const;
    /// How often points were dropped: who keeps something made of them begins again when it changes.
    int drops() const { return drops_; }

Q_SIGNALS:
    void changed();

private:
    QVector<double> steps_, values_;
    mutable MinMaxPyramid extremes_; ///< Extended when it is asked for.
    int drops_ = 0;
};

} // namespace nanodit
