#pragma once

#include <QString>

namespace nanodit {

/// The keys that the window and its pages understand, as a table for the help.
QString shortcutsAsHtml();

} // namespace nanodit
