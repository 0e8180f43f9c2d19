#pragma once

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

Q_SIGNALS:
    void changed();

private:
    QVector<double> steps_, values_;
};

/// Exponential moving average over about `window` values, its start corrected (as in Adam). Same length as `values`.
QVector<double> smoothed(const QVector<double>& values, double window);
/// The window that suits a curve of so many points: a fortieth of them, 1 to 60.
double smoothingWindow(qsizetype points);

} // namespace nanodit
