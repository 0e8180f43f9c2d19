#include "widgets/log_view.h"

#include "widgets/colours.h"
#include "widgets/theme.h"

#include <QRegularExpression>
#include <QScrollBar>
#include <QTextCursor>
#include <QTime>

#include <algorithm>

namespace nanodit {

namespace {
constexpr int keptLines = 5000;
}

LogView::LogView(QWidget* parent)
    : QPlainTextEdit(parent)
{
    setReadOnly(true);
    setMaximumBlockCount(keptLines);
    setLineWrapMode(QPlainTextEdit::WidgetWidth);
    setProperty("bare", true);
    auto smaller = font();
    smaller.setPointSizeF(9);
    setFont(monospaceFont(smaller));
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
    QTextCharFormat faint;
    faint.setForeground(colours.secondary);
    if (!time.isEmpty())
        cursor.insertText(time + QStringLiteral("  "), faint);
    QTextCharFormat line; // information takes the palette's text colour, which follows the theme
    if (level == LogLevel::Warning)
        line.setForeground(colours.warningText());
    else if (level == LogLevel::Error)
        line.setForeground(colours.problemText());
    cursor.insertText(text, line);
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
