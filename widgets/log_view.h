#pragma once

#include "core/runtime/job.h"

#include <QPlainTextEdit>

namespace nanodit {

struct Colours;

/// Lines of a log; follows the end until the user scrolls up. Keeps the newest few thousand.
class LogView : public QPlainTextEdit {
    Q_OBJECT

public:
    explicit LogView(QWidget* parent = nullptr);
    void append(LogLevel level, const QString& text);
    /// A log that was written before, as log.txt of a run holds it; replaces what is shown. Its lines look as those of
    /// append, with the date before the time.
    void showRecorded(const QString& text);

protected:
    void changeEvent(QEvent* event) override;

private:
    void addLine(QTextCursor& cursor, const QString& time, LogLevel level, const QString& text);
    void colourAnew();

    const Colours* colours_; ///< Of the theme that the lines have their colours of.
};

} // namespace nanodit
