#pragma once

#include <QPushButton>

class QAction;

namespace nanodit {

/// A push button that is the face of an action: its text, drawing, help (with the action's keys), state and name follow
/// the action's. A focus that it has when the action is hidden goes to what it stands in, whose keys go on working.
class ActionButton : public QPushButton {
    Q_OBJECT

public:
    /// The primary one is filled with the accent.
    ActionButton(QAction* action, bool primary, QWidget* parent);

private:
    void follow();

    QAction* action_;
};

} // namespace nanodit
