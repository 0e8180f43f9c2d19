#pragma once

#include <QWidget>

#include <optional>
#include <vector>

namespace nanodit {

/// What guidance did from noise (left) to picture (right): the length of each condition's term, and dashed its part
/// across the prediction, which changes the picture more than its contrast. Steps in which guidance did not apply are
/// shaded. Lengths are root mean squares of velocities.
class GuidanceAnatomy : public QWidget {
    Q_OBJECT

public:
    struct Term {
        double length = 0, across = 0;
        double parallel = 0; ///< Along the prediction; negative: against it.
    };
    struct Step {
        double t = 0;
        bool applies = true;
        std::optional<Term> text = {}, dino = {}; ///< Empty: not evaluated.
        double zeroScale = 1;                     ///< By what the velocity of no conditions was multiplied.
    };
    explicit GuidanceAnatomy(QWidget* parent = nullptr);
    /// In the order of sampling; none: says that there is nothing to show.
    void setSteps(std::vector<Step> steps);

    /// Where a step stands, left to right.
    double xOf(const Step& step) const;
    /// The numbers of the step next to x, which the tool tip shows; empty where there is none.
    QString readingAt(double x) const;
    QSize sizeHint() const override { return {480, 150}; }
    QSize minimumSizeHint() const override { return {240, 110}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    QRectF plot() const;

    std::vector<Step> steps_;
    double highest_ = 1;
};

} // namespace nanodit
