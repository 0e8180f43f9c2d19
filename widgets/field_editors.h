#pragma once

#include "widgets/config_fields.h"

#include <functional>

class QWidget;

namespace nanodit {

/// The control for one setting: a check box, a number with its unit, a choice, a line of text.
struct FieldEditor {
    QWidget* widget = nullptr;
    std::function<FieldValue()> read;
    std::function<void(const FieldValue&)> write;
};
/// `edited` is called whenever the user (or `write`) changed it.
FieldEditor makeFieldEditor(const ConfigField& field, QWidget* parent, const std::function<void()>& edited);

} // namespace nanodit
