#include "app/controllers.h"
#include "app/dialogs.h"
#include "app/main_window.h"
#include "app/preferences.h"
#include "app/screenshot.h"
#include "app/session.h"
#include "app/wording.h"
#include "core/front/data.h"
#include "core/runtime/compute.h"
#include "core/runtime/device_choice.h"
#include "core/runtime/error.h"
#include "core/runtime/torch_version.h"
#include "core/runtime/waiting_threads.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QCommandLineParser>

#include <cstdio>
#include <map>
#include <optional>

namespace {

using namespace nanodit;

constexpr int badUsage = 2, failed = 1;

struct Arguments {
    QString workspace;
    std::optional<Page> page;
    std::optional<ThemeMode> theme;
    std::optional<ScreenshotRequest> screenshot;
    DeviceChoice device;
};

template<typename Value>
Value named(const QString& option, const QString& name, const std::map<QString, Value>& values)
{
    if (const auto found = values.find(name); found != values.end())
        return found->second;
    QStringList known;
    for (const auto& [key, value] : values)
        known << key;
    throw UsageError(QStringLiteral("--%1 is \"%2\", but may be %3")
                         .arg(option, name, known.join(QStringLiteral(", ")))
                         .toStdString());
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

Arguments argumentsOf(const QApplication& application)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("NanoDiT Workbench: train and understand small text-to-image diffusion transformers"));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption workspace({QStringLiteral("w"), QStringLiteral("workspace")},
                                       QStringLiteral("Open this workspace."), QStringLiteral("folder"));
    const QCommandLineOption page(
        QStringLiteral("page"), QStringLiteral("Show this page: dataset, train, attention, sample, validate or runs."),
        QStringLiteral("page"));
    const QCommandLineOption theme(QStringLiteral("theme"), QStringLiteral("system, light or dark, for this start."),
                                   QStringLiteral("theme"));
    const QCommandLineOption device(QStringLiteral("device"), QStringLiteral("cpu, cuda or cuda:N."),
                                    QStringLiteral("device"), QStringLiteral("cpu"));
    const QCommandLineOption threads(QStringLiteral("threads"), QStringLiteral("Compute threads; 0: as many as cores."),
                                     QStringLiteral("count"), QStringLiteral("0"));
    const QCommandLineOption screenshot(QStringLiteral("screenshot"),
                                        QStringLiteral("Write a picture of the window when it has loaded, and quit."),
                                        QStringLiteral("file"));
    const QCommandLineOption size(QStringLiteral("size"), QStringLiteral("Of the screenshot, in pixels."),
                                  QStringLiteral("WxH"), QStringLiteral("1280x800"));
    const QCommandLineOption run(QStringLiteral("run"),
                                 QStringLiteral("The run that the screenshot's training or validation page shows."),
                                 QStringLiteral("name"));
    const QCommandLineOption record(
        QStringLiteral("record"), QStringLiteral("The record that the screenshot's page shows."), QStringLiteral("id"));
    const QCommandLineOption against(QStringLiteral("against"),
                                     QStringLiteral("The run that the validation page holds it against."),
                                     QStringLiteral("name"));
    const QCommandLineOption tab(QStringLiteral("tab"), QStringLiteral("Of the validation page, from 0."),
                                 QStringLiteral("number"), QStringLiteral("0"));
    const QCommandLineOption point(QStringLiteral("point"),
                                   QStringLiteral("A pixel of that record's bucket image to point at."),
                                   QStringLiteral("x,y"));
    const QCommandLineOption lens(
        QStringLiteral("lens"),
        QStringLiteral("What that picture is seen through: picture, colours, similarity, cls, "
                       "norms, reconstruction or error."),
        QStringLiteral("lens"), QStringLiteral("picture"));
    const QCommandLineOption compare(QStringLiteral("compare"), QStringLiteral("Show the plain picture beside it."));
    const QCommandLineOption query(
        QStringLiteral("query"), QStringLiteral("What that page's records are filtered by: state:stale -split:val..."),
        QStringLiteral("words"));
    const QCommandLineOption table(QStringLiteral("table"), QStringLiteral("Show them as a table."));
    const QCommandLineOption view(
        QStringLiteral("view"),
        QStringLiteral("The screenshot's attention page below: blocks, time, diagonal, changes or compare."),
        QStringLiteral("view"), QStringLiteral("blocks"));
    const QCommandLineOption drawer(
        QStringLiteral("drawer"),
        QStringLiteral("Open the data set's drawer: passes, report, alignment, buckets, epoch, drift or log."),
        QStringLiteral("tab"));
    const QCommandLineOption kept(QStringLiteral("keep"),
                                  QStringLiteral("Keep this record at the right of the screenshot's picture."),
                                  QStringLiteral("id"));
    const QCommandLineOption layer(
        QStringLiteral("layer"),
        QStringLiteral("Of that picture, as \"Latent tokens=60\" in per cent; again for others."),
        QStringLiteral("name=opacity"));
    const QCommandLineOption colours(QStringLiteral("colours"),
                                     QStringLiteral("What patch colours are fitted on: set, selection or picture."),
                                     QStringLiteral("scope"), QStringLiteral("set"));
    const QCommandLineOption withoutPlace(QStringLiteral("without-place"),
                                          QStringLiteral("Take the place away from patch colours and similarity."));
    parser.addOptions({workspace, page,   theme,  device, threads, screenshot,  size,  run,
                       against,   tab,    record, point,  lens,    compare,     query, table,
                       view,      drawer, kept,   layer,  colours, withoutPlace});
    parser.process(application);

    Arguments arguments;
    arguments.workspace = parser.value(workspace);
    arguments.device = {.device = parser.value(device).toStdString(), .threads = parser.value(threads).toInt()};
    const std::map<QString, Page> pages = {
        {QStringLiteral("dataset"), Page::Dataset},     {QStringLiteral("train"), Page::Train},
        {QStringLiteral("attention"), Page::Attention}, {QStringLiteral("sample"), Page::Sample},
        {QStringLiteral("validate"), Page::Validate},   {QStringLiteral("runs"), Page::Runs}};
    const std::map<QString, ThemeMode> themes = {{QStringLiteral("system"), ThemeMode::System},
                                                 {QStringLiteral("light"), ThemeMode::Light},
                                                 {QStringLiteral("dark"), ThemeMode::Dark}};
    const std::map<QString, int> lensNumbers = {
        {QStringLiteral("picture"), 0}, {QStringLiteral("colours"), 1}, {QStringLiteral("similarity"), 2},
        {QStringLiteral("cls"), 3},     {QStringLiteral("norms"), 4},   {QStringLiteral("reconstruction"), 5},
        {QStringLiteral("error"), 6}};
    const std::map<QString, int> viewNumbers = {{QStringLiteral("blocks"), 0},
                                                {QStringLiteral("time"), 1},
                                                {QStringLiteral("diagonal"), 2},
                                                {QStringLiteral("changes"), 3},
                                                {QStringLiteral("compare"), 4}};
    const std::map<QString, std::optional<int>> drawerNumbers = {
        {QStringLiteral("passes"), 0},  {QStringLiteral("report"), 1}, {QStringLiteral("alignment"), 2},
        {QStringLiteral("buckets"), 3}, {QStringLiteral("epoch"), 4},  {QStringLiteral("drift"), 5},
        {QStringLiteral("log"), 6}};
    const std::map<QString, int> scopeNumbers = {
        {QStringLiteral("set"), 0}, {QStringLiteral("selection"), 1}, {QStringLiteral("picture"), 2}};
    if (parser.isSet(page))
        arguments.page = named(QStringLiteral("page"), parser.value(page), pages);
    if (parser.isSet(theme))
        arguments.theme = named(QStringLiteral("theme"), parser.value(theme), themes);
    if (parser.isSet(screenshot)) {
        if (parser.isSet(page) && arguments.workspace.isEmpty())
            throw UsageError("--screenshot of a page needs --workspace FOLDER");
        arguments.screenshot = ScreenshotRequest{
            .file = parser.value(screenshot),
            .size = sizeFromText(parser.value(size)),
            .page = arguments.page,
            .run = parser.value(run),
            .record = parser.value(record),
            .point = parser.isSet(point) ? std::optional(pointFromText(parser.value(point))) : std::nullopt,
            .lens = named(QStringLiteral("lens"), parser.value(lens), lensNumbers),
            .compare = parser.isSet(compare),
            .query = parser.value(query),
            .table = parser.isSet(table),
            .drawer = parser.isSet(drawer) ? named(QStringLiteral("drawer"), parser.value(drawer), drawerNumbers)
                                           : std::nullopt,
            .kept = parser.value(kept),
            .layers = layersFromTexts(parser.values(layer)),
            .colours = named(QStringLiteral("colours"), parser.value(colours), scopeNumbers),
            .withoutPlace = parser.isSet(withoutPlace),
            .view = named(QStringLiteral("view"), parser.value(view), viewNumbers),
            .against = parser.value(against),
            .tab = parser.value(tab).toInt()};
    }
    return arguments;
}

int runWindow(QApplication& application)
{
    const auto arguments = argumentsOf(application);
    requireBuiltTorch();
    setUpCompute(arguments.device);
    Preferences preferences;
    Theme theme(application);
    theme.setMode(arguments.theme.value_or(preferences.theme()));
    DesktopDialogs dialogs;
    Session session;
    session.setDevice(arguments.device);
    Controllers controllers(session);
    MainWindow window(session, controllers, theme, preferences, dialogs);
    if (!arguments.workspace.isEmpty())
        window.openWorkspace(arguments.workspace);
    if (arguments.screenshot) {
        takeScreenshot(window, *arguments.screenshot);
    } else {
        window.show();
        if (arguments.page)
            QObject::connect(
                &session, &Session::workspaceChanged, &window,
                [&window, page = *arguments.page] { window.showPage(page); }, Qt::SingleShotConnection);
    }
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
    try {
        return runWindow(application);
    } catch (const UsageError& error) {
        std::fprintf(stderr, "nanodit-workbench: %s\n", qPrintable(errorText(error)));
        return badUsage;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "nanodit-workbench: %s\n", qPrintable(errorText(error)));
        return failed;
    }
}
