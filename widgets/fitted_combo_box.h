#pragma once

#include <QComboBox>

namespace nanodit {

/// A choice among entries that may be longer than the room there is: the chosen one ends in dots then, and a tool tip
/// says all of it, unless the box has one of its own.
class FittedComboBox : public QComboBox {
    Q_OBJECT

public:
    using QComboBox::QComboBox;
    /// As wide as the chosen entry, where there is room, rather than as the longest or as a number of characters.
    void setFollowsChoice(bool follows);
    /// What is drawn now.
    QString shownText() const;
    QSize sizeHint() const override;

protected:
    bool event(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    bool followsChoice_ = false;
};

} // namespace nanodit
