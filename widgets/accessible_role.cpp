#include "widgets/accessible_role.h"

#include <QAccessibleWidget>
#include <QCoreApplication>
#include <QKeyEvent>
#include <QVariant>
#include <QWidget>

namespace nanodit {

namespace {

constexpr auto roleProperty = "accessibleRole";

class RoleInterface : public QAccessibleWidget {
public:
    RoleInterface(QWidget* widget, QAccessible::Role role)
        : QAccessibleWidget(widget, role)
    {
    }

    QStringList actionNames() const override
    {
        auto names = QAccessibleWidget::actionNames();
        if (role() == QAccessible::Button)
            names.prepend(pressAction());
        return names;
    }
    void doAction(const QString& name) override
    {
        if (name != pressAction() || role() != QAccessible::Button || !widget()->isEnabled())
            return QAccessibleWidget::doAction(name);
        for (const auto kind :
             {QEvent::KeyPress, QEvent::KeyRelease}) // later: what it opens must not hold up the asker
            QCoreApplication::postEvent(widget(), new QKeyEvent(kind, Qt::Key_Space, Qt::NoModifier));
    }
};

QAccessibleInterface* roleInterface(const QString&, QObject* object)
{
    const auto role = object->isWidgetType() ? object->property(roleProperty) : QVariant();
    return role.isValid()
               ? new RoleInterface(static_cast<QWidget*>(object), static_cast<QAccessible::Role>(role.toInt()))
               : nullptr;
}

} // namespace

void setAccessibleRole(QWidget* widget, QAccessible::Role role)
{
    [[maybe_unused]] static const bool installed = (QAccessible::installFactory(roleInterface), true);
    widget->setProperty(roleProperty, static_cast<int>(role));
}

} // namespace nanodit
