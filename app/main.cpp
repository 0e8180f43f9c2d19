#include "app/application.h"
#include "app/arguments.h"
#include "app/compute_setting.h"
#include "app/controllers.h"
#include "app/crash_report.h"
#include "app/dialogs.h"
#include "app/end_signals.h"
#include "app/job_notices.h"
#include "app/main_window.h"
#include "app/preferences.h"
#include "app/session.h"
#include "app/window_measurement.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/resources.h"
#include "core/runtime/standard_streams.h"
#include "core/runtime/torch_version.h"
#include "core/runtime/waiting_threads.h"
#include "widgets/desktop_notice.h"
#include "widgets/theme.h"

#include <QCommandLineParser>
#include <QEventLoop>
#include <QFile>
#include <QMessageBox>
#include <QSessionManager>
#include <QStandardPaths>
#include <QTemporaryDir>

#include <csignal>
#include <functional>
#include <memory>

namespace {

using namespace nanodit;

constexpr auto program = "nanodit-workbench";

std::filesystem::path crashFolder()
{
    return QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation).toStdString() + "/crashes";
}

Arguments readArguments()
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("NanoDiT Workbench: train and understand small text-to-image diffusion transformers"));
    addWindowOptions(parser);
    parseOptions(parser, QApplication::arguments());
    return windowArguments(parser);
}

/// A log-out waits until the jobs have saved what they have, as a SIGTERM does.
void stopAtTheEndOfTheSession(Application& application, Session& session)
{
    QObject::connect(
        &application, &QGuiApplication::commitDataRequest, &session,
        [&session](QSessionManager&) {
            if (session.jobs().empty())
                return;
            QEventLoop waiting;
            QObject::connect(&session, &Session::allJobsEnded, &waiting, &QEventLoop::quit);
            session.stopAllJobs();
            waiting.exec();
        },
        Qt::DirectConnection);
}

/// Where a window that is measured keeps what it remembers: the user's preferences and thumbnails stay as they are.
class OwnPlaces {
public:
    OwnPlaces() { qputenv("XDG_CACHE_HOME", QFile::encodeName(folder_.path())); }
    QString preferences() const { return folder_.filePath(QStringLiteral("preferences.ini")); }

private:
    QTemporaryDir folder_;
};

int runWindow(Application& application, const Arguments& arguments)
{
    requireBuiltTorch();
    setUpCompute(arguments.device);
    resourcesFolder(); // throws when the installation is not complete

    const auto own = arguments.measurement ? std::make_unique<OwnPlaces>() : nullptr;
    Preferences preferences(own ? Preferences(own->preferences()) : Preferences());
    Theme theme(application);
    theme.setMode(arguments.theme.value_or(preferences.theme()));
    DesktopDialogs dialogs;
    Session session;
    session.compute().choose(arguments.deviceGiven ? arguments.device : preferences.compute(arguments.device));
    Controllers controllers(session);
    MainWindow window(session, controllers, theme, preferences, dialogs);
    if (arguments.measurement) {
        window.openWorkspace(arguments.workspace);
        measureWindow(window, session, controllers.training, *arguments.measurement);
        return QApplication::exec();
    }
    const EndSignals signals;
    QObject::connect(&signals, &EndSignals::endWanted, &window, &MainWindow::endProgram);
    stopAtTheEndOfTheSession(application, session);
    const auto crashes = crashFolder();
    const auto reports = takeCrashReports(crashes);
    window.tellOfCrashes(reports);
    keepCrashReports(crashes, std::string(program) + " " NANODIT_VERSION);
    if (!arguments.workspace.isEmpty())
        window.openWorkspace(arguments.workspace);
    else if (reports.empty()) // what it died of may be in there
        window.openLast();
    if (arguments.page)
        QObject::connect(
            &session, &Session::workspaceChanged, &window, [&] { window.showPage(*arguments.page); },
            Qt::SingleShotConnection);
    JobNotices notices(session, {.looksHere = [] { return QApplication::applicationState() == Qt::ApplicationActive; },
                                 .show =
                                     [&window](const QString& title, const QString& text) {
                                         showDesktopNotice(title, text);
                                         QApplication::alert(&window);
                                     }});
    QObject::connect(&controllers.training, &Training::noticed, &notices, &JobNotices::tell);
    window.show();
    return QApplication::exec();
}

/// Whoever starts the program from a desktop sees no terminal.
void showInBox(const QString& why)
{
    QMessageBox box(QMessageBox::Critical, QString(), QObject::tr("NanoDiT Workbench cannot run"), QMessageBox::Close);
    box.setInformativeText(why);
    box.setTextFormat(Qt::PlainText);
    box.setTextInteractionFlags(Qt::TextSelectableByMouse);
    box.exec();
}

} // namespace

int main(int argc, char** argv)
{
    letWaitingThreadsSleep(argv);
    holdStandardStreams();
    std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow (ulimit -f) is an error of the write, not the end
    Application application(argc, argv);
    QApplication::setApplicationName(QLatin1String(program));
    QApplication::setOrganizationName(QStringLiteral("nanodit"));
    QApplication::setApplicationDisplayName(QStringLiteral("NanoDiT Workbench"));
    QApplication::setApplicationVersion(QStringLiteral(NANODIT_VERSION));
    QApplication::setDesktopFileName(QLatin1String(program));
    return exitCodeOf(program, [&] {
        const auto arguments = readArguments(); // what is wrong with these is read where they were typed
        const bool unattended = arguments.measurement.has_value(); // nobody would close a box
        return exitCodeOf(
            program, [&] { return runWindow(application, arguments); },
            unattended ? std::function<void(const QString&)>() : showInBox);
    });
}
