#pragma once

#include <QComboBox>

#include <functional>

namespace nanodit {

/// A choice among entries that may be longer than the room there is: the chosen one ends in dots then, and a tool tip
/// says all of it, unless the box has one of its own.
class FittedComboBox : public QComboBox {
    Q_OBJECT

public:
    using QComboBox::QComboBox;
    /// As wide as the chosen entry, where there is room, rather than as the longest or as a number of characters.
    void setFollowsChoice(bool follows);
    /// Calls `change`, which replaces the entries: at once, or when the list has closed if it is open now and somebody
    /// chooses from it. Of several that wait only the last one is called.
    void changeEntries(std::function<void()> change);
    /// What is drawn now.
    QString shownText() const;
    QSize sizeHint() const override;
    void showPopup() override;

protected:
    bool event(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override; ///< Of the list.
    void paintEvent(QPaintEvent* event) override;

private:
    void changeIfClosed();

    bool followsChoice_ = false;
    bool open_ = false;
    std::function<void()> change_; ///< That waits.
};

} // namespace nanodit
