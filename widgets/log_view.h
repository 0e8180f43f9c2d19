#pragma once

#include "core/runtime/job.h"

#include <QPlainTextEdit>

namespace nanodit {

/// Lines of a log; follows the end until the user scrolls up. Keeps the newest few thousand.
class LogView : public QPlainTextEdit {
    Q_OBJECT

public:
    explicit LogView(QWidget* parent = nullptr);
    void append(LogLevel level, const QString& text);
    /// A log that was written before, as it is; replaces what is shown.
    void showRecorded(const QString& text);
};

} // namespace nanodit
