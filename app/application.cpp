#include "app/application.h"

#include "core/runtime/error.h"

#include <QDebug>
#include <QLocale>

#include <clocale>

namespace nanodit {

Application::Application(int& argc, char** argv)
    : QApplication(argc, argv)
{
    QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
    // Qt has taken the desktop's for C's functions, too: these must not write "0,5" into files.
    std::setlocale(LC_NUMERIC, "C");
}

bool Application::notify(QObject* receiver, QEvent* event)
{
    try {
        return QApplication::notify(receiver, event);
    } catch (const std::exception& error) {
        tell(noticeOf(error));
    } catch (...) {
        tell({tr("Unknown error").toStdString()});
    }
    return false;
}

void Application::tell(const Notice& why)
{
    qCritical("%s", why.text.c_str());
    if (telling_)
        return;
    QMetaObject::invokeMethod(
        this,
        [this, why] {
            telling_ = true;
            try {
                Q_EMIT faulted(why);
            } catch (...) {
                qCritical("the error above could not be shown in the window");
            }
            telling_ = false;
        },
        Qt::QueuedConnection);
}

} // namespace nanodit
