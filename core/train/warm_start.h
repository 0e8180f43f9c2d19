#pragma once

#include "core/model/parameter.h"
#include "core/model/stored_weights.h"

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

    std::string place;                       ///< Of the weights in the file: "ema"; "" when it holds nothing else.
    std::string prefix;                      ///< Left out of the names in the file: "module.".
    std::vector<std::string> otherPlaces;    ///< Where the file holds more weights.
    std::vector<std::string> foreignObjects; ///< Beside the weights, left uninterpreted.
    std::vector<std::string> unreadable;     ///< Tensors of the file whose types or classes are not read.
    std::int64_t elementsLoaded = 0, elements = 0; ///< Numbers of the model: taken from the file, and all.

    double share() const { return elements == 0 ? 1 : static_cast<double>(elementsLoaded) / double(elements); }
    /// A line per tensor that was not simply loaded, and a line of totals.
    std::string text() const;
    /// A sentence when so little was taken that this is hardly a warm start, or when a tenth of the model is missing
    /// while the file holds names that the model lacks; with what is in the way; else "".
    std::string warning() const;
};

/// A rename rule, "pattern=>replacement": a regular expression (ECMAScript) that must match somewhere in the name, and
/// what replaces the match. The first rule that matches a name is used. Throws ConfigError for a broken rule.
std::string renamed(const std::string& name, const std::vector<std::string>& rules);

/// Copies what fits. Of several sets of weights that one, and of prefixes before the names ("module.", "_orig_mod.",
/// "ema_model.", any) that one, with which most of the model's numbers are found; names of the DiT family (x_embedder,
/// blocks.N.attn) stand for ours. `wanted` names the set to take instead, by its place. Throws DataError naming
/// `source` when nothing fits, when two tensors are renamed to one name, or when what fits is not finite.
WarmStartReport warmStart(const Parameters& parameters, const StoredWeights& weights,
                          const std::vector<std::string>& rules, const std::string& source,
                          const std::string& wanted = {});
/// The same with one set.
WarmStartReport warmStart(const Parameters& parameters, const TensorMap& tensors, const std::vector<std::string>& rules,
                          const std::string& source);

} // namespace nanodit
