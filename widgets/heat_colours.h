#pragma once

#include <QColor>
#include <QPointF>
#include <QRectF>
#include <QString>

class QFont;
class QPainter;

namespace nanodit {

/// The colour of `t` between 0 and 1 (clamped): viridis (van der Walt and Smith, 2015), whose steps look equally large
/// to people with any colour vision, and in print. Not-a-number is transparent.
QRgb heatColour(double t);

/// What the colours of a heat map stand for.
struct HeatScale {
    double low = 0, high = 1;
    QString quantity; ///< "cosine", "error, levels of 255"
    int decimals = 2;
    bool lowIsBelow = false;  ///< The lowest colour also stands for smaller values.
    bool highIsAbove = false; ///< The highest colour also stands for larger values.

    /// 0 at `low`, 1 at `high`; 0 where they are the same.
    double position(double value) const;
    QString lowText() const;  ///< "≤ 0.00"
    QString highText() const; ///< "≥ 41.0"
};

/// A colour bar with both ends and the quantity, on a dark plate with its lower left corner at `corner`: readable over
/// any picture.
void paintHeatScale(QPainter& painter, QPointF corner, const HeatScale& scale);
/// The plate that it paints, with the painter's font.
QRectF heatScaleBox(const QFont& font, QPointF corner, const HeatScale& scale);

} // namespace nanodit
