#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>

namespace nanodit::cli {

/// Ranges of options. CLI11's own checks name the largest double as the end of an open range, and let "-1" pass for a
/// number without a sign.
CLI::Validator positive();                                         ///< A whole number from 1 on.
CLI::Validator notNegative();                                      ///< A whole number from 0 on.
CLI::Validator wholeNumber(std::int64_t least, std::int64_t most); ///< Both ends are allowed.
CLI::Validator number(double least, double most);                  ///< Both ends are allowed.
CLI::Validator seedNumber();                                       ///< What fits into 64 bits without a sign.

} // namespace nanodit::cli
