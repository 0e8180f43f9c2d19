#pragma once

#include <QWidget>

namespace nanodit {

/// Lies over a window while something is dragged across it, and says what dropping it would do.
class DropHint : public QWidget {
    Q_OBJECT

public:
    explicit DropHint(QWidget* parent);
    void show(const QString& text);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString text_;
};

} // namespace nanodit
