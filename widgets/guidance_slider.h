#pragma once

#include "widgets/colours.h"

#include <QWidget>

class QDoubleSpinBox;
class QLabel;
class QSlider;

namespace nanodit {

/// A guidance scale: a slider from 0 to 10 in steps of 0.05 in the colour of what it scales, with marks at usual values
/// that can be clicked, and a box for the exact number, which may be as high as 50.
class GuidanceSlider : public QWidget {
    Q_OBJECT

public:
    static constexpr double maximum = 10.0;
    static constexpr double step = 0.05;
    static constexpr double highest = 50.0; ///< In the box; the command line allows the same.

    GuidanceSlider(const QString& name, const QString& help, Hue hue, QWidget* parent = nullptr);
    double value() const;
    void setValue(double value);

Q_SIGNALS:
    void valueChanged(double value);

protected:
    void changeEvent(QEvent* event) override;

private:
    void applyColour();

    Hue hue_;
    QLabel* mark_;
    QSlider* slider_;
    QDoubleSpinBox* box_;
};

} // namespace nanodit
