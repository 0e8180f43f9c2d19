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
    };
    struct Step {
        double t = 0;
        bool applies = true;
        std::optional<Term> text, dino; ///< Empty: not evaluated.
    };
    explicit GuidanceAnatomy(QWidget* parent = nullptr);
    /// In the order of sampling; none: says that there is nothing to show.
    void setSteps(std::vector<Step> steps);

    /// Where a step stands, left to right.
    double xOf(const Step& step) const;
    QSize sizeHint() const override { return {480, 150}; }
    QSize minimumSizeHint() const override { return {240, 110}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    QRectF plot() const;
    QString readingAt(double x) const;

    std::vector<Step> steps_;
    double highest_ = 1;
};

} // namespace nanodit
