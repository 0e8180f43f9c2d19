#pragma once

#include <QString>

class QWidget;

namespace nanodit {

class Commands;

/// The keys that a page and the window understand, as a table for the help, made of their commands. Without a page,
/// those of the window alone.
QString shortcutsAsHtml(const Commands& window, const QWidget* page, const QString& pageName);

} // namespace nanodit
