#pragma once

#include <QApplication>

namespace nanodit {

class SystemTheme;
enum class ThemeMode { System, Light, Dark };

/// Gives the application its look: Fusion, our palette, our fonts' sizes and the small style sheet of the resources.
/// Follows the system's choice of light or dark while the mode is System.
class Theme : public QObject {
    Q_OBJECT

public:
    explicit Theme(QApplication& application, QObject* parent = nullptr);

    ThemeMode mode() const { return mode_; }
    void setMode(ThemeMode mode);

Q_SIGNALS:
    void changed();

private:
    void apply();

    QApplication& application_;
    SystemTheme* system_;
    ThemeMode mode_ = ThemeMode::System;
};

/// Marks a label's part in the page ("title", "heading", "section", "secondary", "small", "number"), for the style
/// sheet.
void setRole(QWidget* widget, const char* role);
/// `base` in `share` of its size.
QFont resizedFont(const QFont& base, double share);
/// For ticks, legends and notes that a view paints: nine tenths, as the style sheet's "small" beside texts of `base`.
QFont smallFont(const QFont& base);
/// The system's font with figures of equal width, for numbers that change.
QFont tabularFont(const QFont& base);
/// The system's monospaced font at the base's size, for ids and logs.
QFont monospaceFont(const QFont& base);

} // namespace nanodit
