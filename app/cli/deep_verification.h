#pragma once

#include "app/cli/commands.h"

#include <optional>

namespace nanodit::cli {

/// What `nanodit verify` does beyond checking that the arrays are sound.
struct DeepVerification {
    bool deep = false;           ///< Certify the alignment of patches.
    bool recompute = false;      ///< Also where a certificate is still valid.
    std::optional<double> drift; ///< Compare features with those at this multiple of the resolution.
    std::int64_t count = 0;      ///< Records; 0: all.
    std::vector<std::string> records;

    bool wanted() const { return deep || drift; }
    /// Adds --deep, --recompute, --drift, --count and --record.
    void addTo(CLI::App& verify);
    /// Certifies or measures, prints the result, and sets the exit code to 1 if anything is wrong.
    void run(Options& options) const;
};

} // namespace nanodit::cli
