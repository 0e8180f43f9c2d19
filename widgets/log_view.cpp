#include "widgets/log_view.h"

#include "widgets/colours.h"
#include "widgets/theme.h"

#include <QEvent>
#include <QRegularExpression>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextCursor>
#include <QTime>

#include <algorithm>
#include <vector>

namespace nanodit {

namespace {

constexpr int keptLines = 5000;

/// What a piece of a line is, so that it can be coloured anew. Information has no mark: it takes the palette's text
/// colour, which follows the theme.
enum class LogInk { Time = 1, Warning, Error };
constexpr int inkProperty = QTextFormat::UserProperty + 1;

QTextCharFormat formatOf(LogInk ink, const Colours& colours)
{
    QTextCharFormat format;
    format.setProperty(inkProperty, static_cast<int>(ink));
    format.setForeground(ink == LogInk::Time      ? colours.secondary
                         : ink == LogInk::Warning ? colours.warningText()
                                                  : colours.problemText());
    return format;
}

} // namespace

LogView::LogView(QWidget* parent)
    : QPlainTextEdit(parent)
    , colours_(&themeColours())
{
    setReadOnly(true);
    setMaximumBlockCount(keptLines);
    setLineWrapMode(QPlainTextEdit::WidgetWidth);
    setProperty("bare", true);
    setFont(monospaceFont(smallFont(font())));
    setAccessibleName(tr("Log"));
    setTabChangesFocus(true);
}

void LogView::append(LogLevel level, const QString& text)
{
    const bool atEnd = verticalScrollBar()->value() >= verticalScrollBar()->maximum() - 4;
    QTextCursor cursor(document());
    addLine(cursor, QTime::currentTime().toString(QStringLiteral("HH:mm:ss")), level, text);
    if (atEnd)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

void LogView::addLine(QTextCursor& cursor, const QString& time, LogLevel level, const QString& text)
{
    const auto& colours = themeColours();
    cursor.movePosition(QTextCursor::End);
    if (!document()->isEmpty())
        cursor.insertBlock();
    if (!time.isEmpty())
        cursor.insertText(time + QStringLiteral("  "), formatOf(LogInk::Time, colours));
    QTextCharFormat line;
    if (level == LogLevel::Warning || level == LogLevel::Error)
        line = formatOf(level == LogLevel::Warning ? LogInk::Warning : LogInk::Error, colours);
    cursor.insertText(text, line);
}

void LogView::changeEvent(QEvent* event)
{
    QPlainTextEdit::changeEvent(event);
    const bool ofTheme = event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange;
    if (ofTheme && colours_ != &themeColours())
        colourAnew();
}

void LogView::colourAnew()
{
    colours_ = &themeColours();
    struct Piece {
        int from, length;
        LogInk ink;
    };
    std::vector<Piece> pieces; // found first: a new format can join pieces while one goes through them
    for (auto block = document()->begin(); block.isValid(); block = block.next()) {
        for (auto it = block.begin(); !it.atEnd(); ++it) {
            const auto fragment = it.fragment();
            if (const int ink = fragment.charFormat().intProperty(inkProperty); ink > 0)
                pieces.push_back({fragment.position(), fragment.length(), static_cast<LogInk>(ink)});
        }
    }
    QTextCursor cursor(document());
    cursor.beginEditBlock(); // laid out once
    for (const auto& [from, length, ink] : pieces) {
        cursor.setPosition(from);
        cursor.setPosition(from + length, QTextCursor::KeepAnchor);
        cursor.setCharFormat(formatOf(ink, *colours_));
    }
    cursor.endEditBlock();
}

void LogView::showRecorded(const QString& text)
{
    clear();
    static const QRegularExpression stamped(
        QStringLiteral("^(\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}) (?:(warning|error): )?(.*)$"));
    QTextCursor cursor(document());
    cursor.beginEditBlock(); // laid out once
    const auto lines = text.trimmed().split(QLatin1Char('\n'));
    for (const auto& line : lines.mid(std::max<qsizetype>(0, lines.size() - keptLines))) {
        const auto match = stamped.match(line);
        const auto level = match.captured(2) == QLatin1String("warning") ? LogLevel::Warning
                           : match.captured(2) == QLatin1String("error") ? LogLevel::Error
                                                                         : LogLevel::Info;
        addLine(cursor, match.captured(1), level, match.hasMatch() ? match.captured(3) : line);
    }
    cursor.endEditBlock();
    verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

} // namespace nanodit
