#pragma once

#include "widgets/colours.h"

#include <QIcon>

#include <optional>

namespace nanodit {

/// One of the single-coloured drawings in resources/icons, tinted when it is painted: by the theme's text colour (grey
/// when disabled), or by `hue`. So icons follow a change of theme by themselves.
QIcon icon(const QString& name, std::optional<Hue> hue = std::nullopt);
/// White, for the accent-coloured button.
QIcon iconOnAccent(const QString& name);

} // namespace nanodit
