#pragma once

#include "widgets/config_fields.h"

#include <functional>

class QWidget;

namespace nanodit {

/// The control for one setting: a check box (or several, for a list of known names), a number with its unit, a choice,
/// a line of text (with a button, for a path).
struct FieldEditor {
    QWidget* widget = nullptr;
    std::function<FieldValue()> read;
    std::function<void(const FieldValue&)> write;
    bool wide = false; ///< Wants a line of its own below its label.
};
/// `edited` is called whenever the user (or `write`) changed it, `browse` when somebody wants to choose a path: of a
/// folder, or of a file.
FieldEditor makeFieldEditor(const ConfigField& field, QWidget* parent, const std::function<void()>& edited,
                            const std::function<void(bool folder)>& browse);

} // namespace nanodit
