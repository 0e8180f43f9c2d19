#pragma once

#include <QKeySequence>
#include <QObject>
#include <QString>

#include <functional>
#include <utility>
#include <vector>

class QAction;
class QWidget;

namespace nanodit {

/// The commands of a page, of a part of it or of the window that have keys. Each is a QAction, and the list of
/// shortcuts is made of them. Keys act while the owner is on the screen, wherever the focus is; a field keeps those
/// that it types with, and KeyGuard leaves Space to buttons.
class Commands : public QObject {
    Q_OBJECT

public:
    struct Line {
        QString keys, meaning; ///< "Ctrl+Enter", "start or resume".
    };
    using Act = std::function<void()>;

    explicit Commands(QWidget* owner);

    /// A command that has no button.
    QAction* add(const QKeySequence& keys, const QString& meaning, Act act);
    /// Several that make up one line, as views with a key each.
    std::vector<QAction*> add(const std::vector<std::pair<QKeySequence, Act>>& each, const QString& meaning);
    /// Gives keys to an action that a button or a menu shows.
    void bind(QAction* action, const QKeySequence& keys, const QString& meaning);
    /// What a view does with keys or the mouse by itself while it has the focus: listed here, done there.
    void note(const QString& keys, const QString& meaning);
    /// In the order in which they were made.
    std::vector<Line> lines() const;

private:
    struct Entry {
        std::vector<QAction*> actions; ///< None of a note.
        QString keys, meaning;
    };

    QWidget* owner_;
    std::vector<Entry> entries_;
};

/// As they stand on keyboards: "Ctrl+Enter", where Qt says Return.
QString shownKeys(const QKeySequence& keys);
/// Lines of `page` and of its parts, the page's own first.
std::vector<Commands::Line> commandLines(const QWidget& page);

} // namespace nanodit
