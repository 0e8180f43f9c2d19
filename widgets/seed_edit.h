#pragma once

#include <QAbstractSpinBox>

namespace nanodit {

/// A spin box for the seed of random numbers: any whole number of 64 bits, exactly. What is typed counts with every
/// key.
class SeedEdit : public QAbstractSpinBox {
    Q_OBJECT

public:
    explicit SeedEdit(QWidget* parent = nullptr);

    quint64 value() const { return value_; }
    void setValue(quint64 value);
    void stepBy(int steps) override;

Q_SIGNALS:
    void valueChanged(quint64 value);

protected:
    bool event(QEvent* event) override;
    StepEnabled stepEnabled() const override;
    QValidator::State validate(QString& text, int& position) const override;
    void fixup(QString& text) const override;

private:
    void take(quint64 value);

    quint64 value_ = 0;
};

} // namespace nanodit
