#pragma once

#include <QLabel>
#include <QStringList>

namespace nanodit {

/// A line of text in as much room as there is: the first of several wordings that fits, else the last one with dots.
/// text() is the first.
class FittedLabel : public QLabel {
    Q_OBJECT

public:
    using QLabel::QLabel;
    /// The longest first.
    void setWordings(const QStringList& wordings);
    /// What is drawn now.
    QString shownText() const;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QStringList shorter_;
};

} // namespace nanodit
