#pragma once

#include <CLI/CLI.hpp>

namespace nanodit::cli {

/// For options that take whole numbers: CLI11's own checks name the largest double as the end of the range.
CLI::Validator positive();    ///< 1 or more.
CLI::Validator notNegative(); ///< 0 or more.

} // namespace nanodit::cli
