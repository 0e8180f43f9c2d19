#pragma once

#include <QWidget>
#include <QtTest/QTest>

namespace nanodit::test {

/// Gives a shown window the keys, which the platform without screens gives to none by itself.
inline bool activate(QWidget& window)
{
    window.activateWindow();
    return QTest::qWaitForWindowActive(&window);
}

} // namespace nanodit::test
