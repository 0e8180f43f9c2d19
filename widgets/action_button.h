#pragma once

#include <QPointer>
#include <QPushButton>

class QAction;

namespace nanodit {

/// A push button that is the face of an action: its text, drawing, help (with the action's keys), state and name follow
/// the action's. A focus that it has when the action is hidden goes to what it stands in, whose keys go on working; one
/// that a click gave it goes back to where it was.
class ActionButton : public QPushButton {
    Q_OBJECT

public:
    /// The primary one is filled with the accent.
    ActionButton(QAction* action, bool primary, QWidget* parent);

protected:
    void focusInEvent(QFocusEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    void follow();

    QAction* action_;
    QPointer<QWidget> before_; ///< Had the focus before a click.
    bool clicked_ = false;     ///< The focus came with the mouse.
};

} // namespace nanodit
