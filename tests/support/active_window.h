#pragma once

#include <QApplication>
#include <QWidget>
#include <QtTest/QTest>

namespace nanodit::test {

/// Gives a shown window the keys at once, which the platform without screens gives to none by itself. Qt would rather
/// have activateWindow(), which it answers later there, when what the test did next has lost its focus again.
inline bool activate(QWidget& window)
{
    QT_WARNING_PUSH
    QT_WARNING_DISABLE_DEPRECATED
    QApplication::setActiveWindow(&window);
    QT_WARNING_POP
    return QTest::qWaitForWindowExposed(&window, 60000);
}

} // namespace nanodit::test
