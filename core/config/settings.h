#pragma once

#include "core/config/yaml.h"

#include <limits>
#include <string>
#include <vector>

namespace nanodit {

/// One setting of a configuration, for lists and comparisons.
struct Setting {
    std::string key;   ///< Dotted: "optimiser.lr".
    std::string type;  ///< "true or false", "whole number", "number", "text", "two numbers", "list" or "choice".
    std::string value; ///< "0.0003", "[a, b]"; of a text, the text itself.
    std::string unit;  ///< "steps"; mostly empty.
    std::string help;  ///< One sentence.
    double minimum = -std::numeric_limits<double>::infinity();
    double maximum = std::numeric_limits<double>::infinity();
    std::vector<std::string> choices; ///< Of a choice.

    /// "0 to 50", "at least 1", "uniform, logit_normal"; the type where every value of it is allowed.
    std::string range() const;
};

/// Every setting with its value, in the configuration's order.
std::vector<Setting> settingsOf(const VisitFunction& visit);

/// The shortest text that reads back as the same double.
std::string numberText(double value);

} // namespace nanodit
