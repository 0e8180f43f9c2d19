/// Writes a picture of a page of the window, with what the options ask it to show: for the documentation, and to look
/// at. The user's preferences are neither read nor changed.

#include "app/application.h"
#include "app/arguments.h"
#include "app/compute_setting.h"
#include "app/controllers.h"
#include "app/dialogs.h"
#include "app/main_window.h"
#include "app/preferences.h"
#include "app/session.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/error.h"
#include "core/runtime/waiting_threads.h"
#include "packaging/tools/screenshot.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QTemporaryDir>

namespace {

using namespace nanodit;

constexpr auto program = "nanodit-screenshots";
constexpr int mostTabs = 16;

void addOptions(QCommandLineParser& parser)
{
    addWindowOptions(parser);
    const auto add = [&parser](const char* name, const char* help, const char* value, const char* standard = "") {
        parser.addOption({QLatin1String(name), QString::fromUtf8(help), QLatin1String(value), QLatin1String(standard)});
    };
    const auto addSwitch = [&parser](const char* name, const char* help) {
        parser.addOption({QLatin1String(name), QString::fromUtf8(help)});
    };
    add("out", "The PNG to write.", "file");
    add("size", "Of the window, in pixels.", "WxH", "1280x800");
    add("run", "The run that the training or validation page shows.", "name");
    add("record", "The record that the data set's, attention or validation page shows.", "id");
    // The data set's page
    add("point", "A pixel of that record's bucket image to point at.", "x,y");
    add("lens", "What shows that picture: picture, colours, similarity, cls, norms, reconstruction or error.", "lens",
        "picture");
    addSwitch("compare", "Show the plain picture beside it.");
    add("keep", "Keep this record at the right.", "id");
    add("layer", "A layer of that picture, as \"Latent tokens=60\" in per cent; may be repeated.", "name=opacity");
    add("colours", "What patch colours are fitted on: set, selection or picture.", "scope", "set");
    addSwitch("without-place", "Remove the place from patch colours and similarity.");
    add("query", "What the records are filtered by: state:stale -split:val...", "words");
    addSwitch("table", "Show the records as a table.");
    add("drawer", "Open the drawer: passes, report, alignment, buckets, epoch, drift, duplicates, captions or log.",
        "tab");
    // The others
    add("view", "Below on the attention page: blocks, time, diagonal, changes, compare, knock-out or mechanism.",
        "view", "blocks");
    add("against", "The run that the validation page compares with.", "name");
    add("tab", "Of the validation page, or below on the training page, from 0.", "number", "0");
}

QSize sizeFromText(const QString& text)
{
    const auto parts = text.split(QLatin1Char('x'));
    const QSize size(parts.value(0).toInt(), parts.value(1).toInt());
    if (parts.size() != 2 || size.width() < 640 || size.height() < 480 || size.width() > 7680 || size.height() > 4320)
        throw UsageError("--size is \"" + text.toStdString() +
                         "\", but must be WIDTHxHEIGHT in pixels, for example 1280x800");
    return size;
}

QPointF pointFromText(const QString& text)
{
    const auto parts = text.split(QLatin1Char(','));
    bool xIsNumber = false, yIsNumber = false;
    const QPointF point(parts.value(0).toDouble(&xIsNumber), parts.value(1).toDouble(&yIsNumber));
    if (parts.size() != 2 || !xIsNumber || !yIsNumber)
        throw UsageError("--point is \"" + text.toStdString() + "\", but must be X,Y in pixels, for example 60,72");
    return point;
}

std::vector<std::pair<QString, double>> layersFromTexts(const QStringList& texts)
{
    std::vector<std::pair<QString, double>> layers;
    for (const auto& text : texts) {
        bool isNumber = false;
        const auto equals = text.lastIndexOf(QLatin1Char('='));
        const double opacity = text.mid(equals + 1).toDouble(&isNumber);
        if (equals < 1 || !isNumber || opacity < 0 || opacity > 100)
            throw UsageError("--layer is \"" + text.toStdString() +
                             "\", but must be NAME=OPACITY in per cent, for example \"Latent tokens=60\"");
        layers.emplace_back(text.left(equals), opacity / 100);
    }
    return layers;
}

/// The places of words are those of keys, tabs and entries in the window.
ScreenshotRequest requestOf(const QCommandLineParser& parser, const std::optional<Page>& page)
{
    const auto place = [&parser](const char* option, const char* words) {
        return placeOfWord(parser, QLatin1String(option), QString::fromLatin1(words).split(QLatin1Char(' ')));
    };
    const auto value = [&parser](const char* option) { return parser.value(QLatin1String(option)); };
    const auto isSet = [&parser](const char* option) { return parser.isSet(QLatin1String(option)); };
    if (!isSet("out"))
        throw UsageError("--out FILE says where the picture goes: give one");
    if (page && value("workspace").isEmpty())
        throw UsageError("a page needs --workspace FOLDER");
    constexpr auto drawerWords = "passes report alignment buckets epoch drift duplicates captions log";
    return {.file = value("out"),
            .size = sizeFromText(value("size")),
            .page = page,
            .run = value("run"),
            .record = value("record"),
            .point = isSet("point") ? std::optional(pointFromText(value("point"))) : std::nullopt,
            .lens = place("lens", "picture colours similarity cls norms reconstruction error"),
            .compare = isSet("compare"),
            .query = value("query"),
            .table = isSet("table"),
            .drawer = isSet("drawer") ? std::optional(place("drawer", drawerWords)) : std::nullopt,
            .kept = value("keep"),
            .layers = layersFromTexts(parser.values(QStringLiteral("layer"))),
            .colours = place("colours", "set selection picture"),
            .withoutPlace = isSet("without-place"),
            .view = place("view", "blocks time diagonal changes compare knock-out mechanism"),
            .against = value("against"),
            .tab = wholeNumber(parser, QStringLiteral("tab"), 0, mostTabs)};
}

int runScreenshot(QApplication& application)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Writes a picture of a page of NanoDiT Workbench"));
    addOptions(parser);
    parseOptions(parser, QApplication::arguments());
    const auto arguments = windowArguments(parser);
    const auto request = requestOf(parser, arguments.page);
    setUpCompute(arguments.device);

    const QTemporaryDir folder;
    Preferences preferences(folder.filePath(QStringLiteral("preferences.ini")));
    Theme theme(application);
    theme.setMode(arguments.theme.value_or(ThemeMode::Light));
    DesktopDialogs dialogs;
    Session session;
    session.compute().choose(arguments.device);
    Controllers controllers(session);
    MainWindow window(session, controllers, theme, preferences, dialogs);
    if (!arguments.workspace.isEmpty())
        window.openWorkspace(arguments.workspace);
    takeScreenshot(window, request);
    return QApplication::exec();
}

} // namespace

int main(int argc, char** argv)
{
    letWaitingThreadsSleep(argv);
    Application application(argc, argv);
    QApplication::setApplicationName(QLatin1String(program));
    QApplication::setApplicationVersion(QStringLiteral(NANODIT_VERSION));
    return exitCodeOf(program, [&] { return runScreenshot(application); });
}
