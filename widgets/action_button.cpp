#include "widgets/action_button.h"

#include "widgets/commands.h"

#include <QAction>
#include <QApplication>
#include <QFocusEvent>
#include <QMenu>

namespace nanodit {

ActionButton::ActionButton(QAction* action, bool primary, QWidget* parent)
    : QPushButton(parent)
    , action_(action)
{
    setIconSize({20, 16}); // the drawing is square: four pixels stay free before the text
    setProperty("primary", primary);
    setAutoDefault(true); // Enter presses it, too
    setObjectName(action->objectName());
    connect(action, &QObject::objectNameChanged, this, [this](const QString& name) { setObjectName(name); });
    connect(action, &QAction::changed, this, &ActionButton::follow);
    connect(this, &QPushButton::clicked, action, &QAction::trigger);
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget* before, QWidget* now) {
        if (now == this)
            before_ = before;
    });
    follow();
}

void ActionButton::focusInEvent(QFocusEvent* event)
{
    clicked_ = event->reason() == Qt::MouseFocusReason;
    QPushButton::focusInEvent(event);
}

/// Else Space would press it again, where the page has a use for it.
void ActionButton::mouseReleaseEvent(QMouseEvent* event)
{
    const QPointer<ActionButton> self(this); // what it does may take the page away
    QPushButton::mouseReleaseEvent(event);
    if (self && clicked_ && hasFocus())
        (before_ && before_->isVisible() ? before_.data() : parentWidget())->setFocus(Qt::OtherFocusReason);
}

void ActionButton::follow()
{
    setText(action_->text());
    if (action_->icon().cacheKey() != icon().cacheKey()) // an icon that is set anew lays the row out anew
        setIcon(action_->icon());
    const auto keys = shownKeys(action_->shortcut());
    setToolTip(keys.isEmpty() ? action_->toolTip() : tr("%1 (%2)").arg(action_->toolTip(), keys));
    setCheckable(action_->isCheckable());
    setChecked(action_->isChecked());
    if (action_->menu() != menu())
        setMenu(action_->menu());
    if (!action_->isVisible() && hasFocus())
        parentWidget()->setFocus(Qt::OtherFocusReason);
    setEnabled(action_->isEnabled());
    if (isHidden() == action_->isVisible())
        setVisible(action_->isVisible());
}

} // namespace nanodit
