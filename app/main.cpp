#include "app/arguments.h"
#include "app/controllers.h"
#include "app/dialogs.h"
#include "app/main_window.h"
#include "app/preferences.h"
#include "app/session.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/torch_version.h"
#include "core/runtime/waiting_threads.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QCommandLineParser>

namespace {

using namespace nanodit;

int runWindow(QApplication& application)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("NanoDiT Workbench: train and understand small text-to-image diffusion transformers"));
    addWindowOptions(parser);
    parseOptions(parser, QApplication::arguments());
    const auto arguments = windowArguments(parser);
    requireBuiltTorch();
    setUpCompute(arguments.device);

    Preferences preferences;
    Theme theme(application);
    theme.setMode(arguments.theme.value_or(preferences.theme()));
    DesktopDialogs dialogs;
    Session session;
    session.setDevice(arguments.deviceGiven ? arguments.device : preferences.compute(arguments.device));
    Controllers controllers(session);
    MainWindow window(session, controllers, theme, preferences, dialogs);
    if (!arguments.workspace.isEmpty())
        window.openWorkspace(arguments.workspace);
    if (arguments.page)
        QObject::connect(
            &session, &Session::workspaceChanged, &window, [&] { window.showPage(*arguments.page); },
            Qt::SingleShotConnection);
    window.show();
    return QApplication::exec();
}

} // namespace

int main(int argc, char** argv)
{
    letWaitingThreadsSleep(argv);
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("nanodit-workbench"));
    QApplication::setOrganizationName(QStringLiteral("nanodit"));
    QApplication::setApplicationDisplayName(QStringLiteral("NanoDiT Workbench"));
    QApplication::setApplicationVersion(QStringLiteral(NANODIT_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("nanodit-workbench"));
    return exitCodeOf("nanodit-workbench", [&] { return runWindow(application); });
}
