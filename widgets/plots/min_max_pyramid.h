#pragma once

#include <QVector>

#include <vector>

namespace nanodit {

/// Where the lowest and the highest value of any range of a growing list are, found without reading the range: over
/// every 16 values it keeps their extremes, over every 16 of those theirs, and so on.
class MinMaxPyramid {
public:
    struct Extremes {
        qsizetype lowest, highest; ///< Indices.
    };
    /// Takes in what `values` holds behind what was taken in before.
    void extend(const QVector<double>& values);
    /// Forgets all but the first `count` values.
    void truncate(qsizetype count);
    /// Of values[begin, end), which is not empty and was taken in. O(log n).
    Extremes extremes(const QVector<double>& values, qsizetype begin, qsizetype end) const;

private:
    std::vector<std::vector<Extremes>> levels_; ///< Of complete groups of 16, 256...
};

} // namespace nanodit
