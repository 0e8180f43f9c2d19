#pragma once

#include "app/page_table.h"

#include <QString>

#include <optional>

namespace nanodit {

/// The keys that a page and the window understand, as a table for the help; without a page, those of the window alone.
QString shortcutsAsHtml(std::optional<Page> page);

} // namespace nanodit
