#pragma once

#include "app/page_table.h"
#include "app/window_measurement.h"
#include "core/runtime/compute_choice.h"
#include "widgets/theme.h"

#include <QString>
#include <QStringList>

#include <functional>
#include <optional>

class QCommandLineParser;

namespace nanodit {

/// What the window is started with.
struct Arguments {
    QString workspace;              ///< Empty: none is opened.
    std::optional<Page> page;       ///< To show when the workspace is open.
    std::optional<ThemeMode> theme; ///< For this start alone.
    ComputeChoice device;
    bool deviceGiven = false;               ///< Else the device that the window remembers.
    std::optional<Measurement> measurement; ///< In options that the help does not list.
};

/// Adds the window's options, --help and --version to a parser, which may have others.
void addWindowOptions(QCommandLineParser& parser);
/// Parses a command line, of which the first is the program. Prints the help or the version and ends the program where
/// that is asked for. Throws UsageError for unknown options and for more than one workspace.
void parseOptions(QCommandLineParser& parser, const QStringList& arguments);
/// The window's options of what was parsed. Throws UsageError for values that an option does not take.
Arguments windowArguments(const QCommandLineParser& parser);

/// The value of an option as a whole number from `least` to `most`. Throws UsageError for anything else.
int wholeNumber(const QCommandLineParser& parser, const QString& option, int least, int most);
/// The place of the value of an option among the words that it takes. Throws UsageError, with those, for any other.
int placeOfWord(const QCommandLineParser& parser, const QString& option, const QStringList& words);

/// Runs a program of windows and gives back its exit code: 2 for a UsageError and 1 for any other exception, with one
/// sentence on stderr, which `tell` gets, too.
int exitCodeOf(const char* program, const std::function<int()>& run,
               const std::function<void(const QString& why)>& tell = {});

} // namespace nanodit
