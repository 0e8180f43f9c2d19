#include "app/arguments.h"

#include "app/wording.h"
#include "core/runtime/error.h"

#include <QCommandLineParser>

#include <chrono>
#include <cstdio>
#include <exception>

namespace nanodit {

namespace {

constexpr int badUsage = 2, failed = 1;
constexpr int mostThreads = 4096, mostSeconds = 86400;

const auto workspaceOption = QStringLiteral("workspace");
const auto pageOption = QStringLiteral("page");
const auto themeOption = QStringLiteral("theme");
const auto deviceOption = QStringLiteral("device");
const auto threadsOption = QStringLiteral("threads");
const auto measureOption = QStringLiteral("measure");
const auto measureTrainingOption = QStringLiteral("measure-training");

QStringList pageWords()
{
    QStringList words;
    for (const auto& page : pageTable())
        words << QLatin1String(page.word);
    return words;
}

/// By ThemeMode.
const QStringList& themeWords()
{
    static const QStringList words = {QStringLiteral("system"), QStringLiteral("light"), QStringLiteral("dark")};
    return words;
}

/// "a, b or c"
QString choiceText(QStringList words)
{
    const auto last = words.takeLast();
    return words.isEmpty() ? last : QStringLiteral("%1 or %2").arg(words.join(QStringLiteral(", ")), last);
}

UsageError badValue(const QString& option, const QString& value, const QString& expected)
{
    return UsageError(QStringLiteral("--%1 is \"%2\", but must be %3").arg(option, value, expected).toStdString());
}

/// What another program passes, not somebody who types: the help is silent about it.
void addMeasuringOption(QCommandLineParser& parser, const QString& name, const QString& value, const QString& standard)
{
    QCommandLineOption option(name, {}, value, standard);
    option.setFlags(QCommandLineOption::HiddenFromHelp);
    parser.addOption(option);
}

/// Of --measure, the system's steady clock, and --measure-training.
Measurement measurementOf(const QCommandLineParser& parser)
{
    bool isNumber = false;
    const auto text = parser.value(measureOption);
    const std::chrono::nanoseconds started(text.toLongLong(&isNumber));
    if (!isNumber || started.count() < 0)
        throw badValue(measureOption, text, QStringLiteral("nanoseconds of the steady clock"));
    return {.started = std::chrono::steady_clock::time_point(started),
            .training = std::chrono::seconds(wholeNumber(parser, measureTrainingOption, 0, mostSeconds))};
}

} // namespace

void addWindowOptions(QCommandLineParser& parser)
{
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(QStringLiteral("folder"), QStringLiteral("The same as --workspace folder."),
                                 QStringLiteral("[folder]"));
    parser.addOptions(
        {{{QStringLiteral("w"), workspaceOption},
          QStringLiteral("Open this workspace, not the one that was opened last."),
          QStringLiteral("folder")},
         {pageOption, QStringLiteral("Show this page: %1.").arg(choiceText(pageWords())), QStringLiteral("page")},
         {themeOption, QStringLiteral("%1, for this start.").arg(choiceText(themeWords())), QStringLiteral("theme")},
         {deviceOption, QStringLiteral("auto, cpu, cuda or cuda:N, for this start."), QStringLiteral("device"),
          QStringLiteral("auto")},
         {threadsOption, QStringLiteral("Compute threads; 0: as many as cores."), QStringLiteral("count"),
          QStringLiteral("0")}});
    addMeasuringOption(parser, measureOption, QStringLiteral("nanoseconds"), {});
    addMeasuringOption(parser, measureTrainingOption, QStringLiteral("seconds"), QStringLiteral("0"));
}

void parseOptions(QCommandLineParser& parser, const QStringList& arguments)
{
    if (!parser.parse(arguments))
        throw UsageError(parser.errorText().toStdString() + " See --help");
    if (parser.isSet(QStringLiteral("version")))
        parser.showVersion();
    if (parser.isSet(QStringLiteral("help")))
        parser.showHelp();
    const auto folders = parser.positionalArguments() + parser.values(workspaceOption);
    if (folders.size() > 1)
        throw UsageError("the window opens one workspace, but " + std::to_string(folders.size()) +
                         " folders are named: " + folders.join(QStringLiteral(", ")).toStdString());
}

Arguments windowArguments(const QCommandLineParser& parser)
{
    Arguments arguments;
    arguments.workspace = (parser.values(workspaceOption) + parser.positionalArguments()).value(0);
    arguments.device = {.device = parser.value(deviceOption).toStdString(),
                        .threads = wholeNumber(parser, threadsOption, 0, mostThreads)};
    checkSpelling(arguments.device);
    arguments.deviceGiven = parser.isSet(deviceOption);
    if (parser.isSet(pageOption))
        arguments.page = static_cast<Page>(placeOfWord(parser, pageOption, pageWords()));
    if (parser.isSet(themeOption))
        arguments.theme = static_cast<ThemeMode>(placeOfWord(parser, themeOption, themeWords()));
    if (parser.isSet(measureOption))
        arguments.measurement = measurementOf(parser);
    return arguments;
}

int wholeNumber(const QCommandLineParser& parser, const QString& option, int least, int most)
{
    bool isNumber = false;
    const auto text = parser.value(option);
    const int number = text.toInt(&isNumber);
    if (!isNumber || number < least || number > most)
        throw badValue(option, text, QStringLiteral("a whole number from %1 to %2").arg(least).arg(most));
    return number;
}

int placeOfWord(const QCommandLineParser& parser, const QString& option, const QStringList& words)
{
    const auto place = words.indexOf(parser.value(option));
    if (place < 0)
        throw badValue(option, parser.value(option), choiceText(words));
    return static_cast<int>(place);
}

int exitCodeOf(const char* program, const std::function<int()>& run,
               const std::function<void(const QString& why)>& tell)
{
    const auto report = [&](const std::exception& error) {
        const auto why = errorText(error);
        std::fprintf(stderr, "%s: %s\n", program, qPrintable(why));
        if (tell)
            tell(why);
    };
    try {
        return run();
    } catch (const UsageError& error) {
        report(error);
        return badUsage;
    } catch (const std::exception& error) {
        report(error);
        return failed;
    }
}

} // namespace nanodit
