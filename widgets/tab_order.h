#pragma once

#include <vector>

class QWidget;

namespace nanodit {

/// What Tab stops at within `root` and is on the screen, in the order in which the eye meets it: layouts, splitters and
/// tabs in their order; in a row with the property "primaryFirst" the primary button comes first.
std::vector<QWidget*> inTabOrder(QWidget& root);

/// Moves the focus to the next (or the one before) of `order`, from either end to the other; whether there is one.
bool moveFocus(const std::vector<QWidget*>& order, bool next);

} // namespace nanodit
