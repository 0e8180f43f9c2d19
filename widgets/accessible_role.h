#pragma once

#include <QAccessible>

namespace nanodit {

/// What a screen reader calls `widget`, of which Qt knows no more than that it is one: a canvas, a chart, a button.
/// Before it is named. A button can be pressed by a screen reader, too, which comes as the space bar.
void setAccessibleRole(QWidget* widget, QAccessible::Role role);

} // namespace nanodit
