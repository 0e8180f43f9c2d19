#pragma once

#include "core/runtime/remedy.h"

#include <QApplication>

namespace nanodit {

/// The program's event loop, which no exception ends: what an event handler or a slot throws is caught here and told by
/// `faulted`, and whatever runs beside it, a training above all, goes on.
///
/// Whatever the desktop's language, the program speaks English, and numbers are written as in its files: 0.5, 12,345.
class Application : public QApplication {
    Q_OBJECT

public:
    Application(int& argc, char** argv);
    bool notify(QObject* receiver, QEvent* event) override;

Q_SIGNALS:
    /// In a turn of its own after the event that failed.
    void faulted(const nanodit::Notice& why);

private:
    void tell(const Notice& why);

    bool telling_ = false; ///< A listener of `faulted` that throws is not told to itself.
};

} // namespace nanodit
