#pragma once

#include "core/model/parameter.h"

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// What became of each tensor of a warm start.
struct WarmStartReport {
    struct Mismatch {
        std::string name;
        std::vector<std::int64_t> found, expected;
    };
    std::vector<std::string> loaded;
    std::vector<std::string> fresh;   ///< In the model only: they keep their initial values.
    std::vector<std::string> skipped; ///< In the file only.
    std::vector<Mismatch> mismatched; ///< In both, with different shapes: they keep their initial values.

    /// A line per tensor that was not simply loaded, and a line of totals.
    std::string text() const;
};

/// A rename rule, "pattern=>replacement": a regular expression (ECMAScript) that must match somewhere in the name, and
/// what replaces the match. The first rule that matches a name is used. Throws ConfigError for a broken rule.
std::string renamed(const std::string& name, const std::vector<std::string>& rules);

/// Copies what fits. Throws DataError naming `source` when nothing does, or when two tensors are renamed to one name.
WarmStartReport warmStart(const Parameters& parameters, const TensorMap& tensors, const std::vector<std::string>& rules,
                          const std::string& source);

} // namespace nanodit
