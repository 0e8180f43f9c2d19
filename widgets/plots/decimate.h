#pragma once

#include <QVector>

namespace nanodit {

struct Points {
    QVector<double> x, y;
};

/// At most about 2 * `columns` of the points, such that the drawn curve looks the same: of every column of x the lowest
/// and the highest value, in their order, and always the first and the last point. `x` ascends.
Points decimated(const QVector<double>& x, const QVector<double>& y, int columns);

} // namespace nanodit
