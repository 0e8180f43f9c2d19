#pragma once

#include <QLabel>
#include <QStringList>

namespace nanodit {

/// A line of plain text in as much room as there is: the first of several wordings that fits, else the last one with
/// dots. text() is the first, and where it is not what is drawn, the tool tip says it, unless the label or what it
/// stands in has a tool tip of its own.
class FittedLabel : public QLabel {
    Q_OBJECT

public:
    explicit FittedLabel(QWidget* parent = nullptr);
    explicit FittedLabel(const QString& text, QWidget* parent = nullptr);
    /// The longest first.
    void setWordings(const QStringList& wordings);
    /// What is drawn now.
    QString shownText() const;
    QSize minimumSizeHint() const override;

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    QStringList shorter_;
};

} // namespace nanodit
