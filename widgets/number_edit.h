#pragma once

#include <QAbstractSpinBox>

#include <optional>

namespace nanodit {

/// 2^53: up to here whole numbers are exact in a double, and so in every number that JSON readers use.
constexpr double largestWholeNumber = 9007199254740992.0;

/// A spin box for any number a configuration holds: 3e-4 as well as 9e15. Steps in the second significant figure (whole
/// numbers by one below 20); shows the unit behind the number. What is typed counts with every key that leaves a number
/// in range.
class NumberEdit : public QAbstractSpinBox {
    Q_OBJECT

public:
    enum class Kind { Whole, Real };
    NumberEdit(Kind kind, double minimum, double maximum, const QString& unit, QWidget* parent = nullptr);

    double value() const { return value_; }
    void setValue(double value);
    /// Shown in place of 0 where that stands for something else: "from the data". A typed 0 still counts.
    void setZeroText(const QString& text);
    void stepBy(int steps) override;

Q_SIGNALS:
    void valueChanged(double value);

protected:
    bool event(QEvent* event) override;
    StepEnabled stepEnabled() const override;
    QValidator::State validate(QString& text, int& position) const override;
    void fixup(QString& text) const override;
    void wheelEvent(QWheelEvent* event) override;

private:
    QString textOf(double value) const;
    /// Of what stands in the box; nothing where that is no number.
    std::optional<double> numberIn(const QString& text) const;
    void takeTyped(const QString& text);
    void takeText();

    Kind kind_;
    double minimum_, maximum_;
    QString unit_, zeroText_;
    double value_ = 0;
};

} // namespace nanodit
