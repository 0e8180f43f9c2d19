#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace nanodit::cli {

/// What is wrong with the words that were typed, as one sentence that names the help to read.
std::string usageText(const CLI::App& app, const CLI::ParseError& error);

} // namespace nanodit::cli
