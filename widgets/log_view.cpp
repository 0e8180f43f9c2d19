#include "widgets/log_view.h"

#include "widgets/colours.h"
#include "widgets/theme.h"

#include <QScrollBar>
#include <QTime>

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
    const auto& colours = themeColours();
    const bool atEnd = verticalScrollBar()->value() >= verticalScrollBar()->maximum() - 4;
    QTextCursor cursor(document());
    cursor.movePosition(QTextCursor::End);
    if (!document()->isEmpty())
        cursor.insertBlock();
    QTextCharFormat time;
    time.setForeground(colours.secondary);
    cursor.insertText(QTime::currentTime().toString(QStringLiteral("HH:mm:ss  ")), time);
    QTextCharFormat line; // information takes the palette's text colour, which follows the theme
    if (level == LogLevel::Warning)
        line.setForeground(colours.yellow);
    else if (level == LogLevel::Error)
        line.setForeground(colours.vermillion);
    cursor.insertText(text, line);
    if (atEnd)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

void LogView::showRecorded(const QString& text)
{
    setPlainText(text.trimmed());
    verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

} // namespace nanodit
