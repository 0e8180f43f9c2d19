#pragma once

#include "app/cli/commands.h"

#include <optional>

namespace nanodit::cli {

/// What `nanodit verify` was asked for beyond looking at the arrays' own soundness.
struct DeepVerification {
    bool deep = false;           ///< Certify the alignment of patches.
    bool anew = false;           ///< Also where a certificate still holds.
    std::optional<double> drift; ///< Compare features with those at so many times the resolution.
    std::int64_t sample = 0;     ///< Records; 0: all.
    std::vector<std::string> records;

    bool wanted() const { return deep || drift; }
};

/// Adds --deep, --anew, --drift, --sample and --record to `nanodit verify`.
void addDeepVerification(CLI::App& verify, DeepVerification& wanted);
/// Certifies or measures, prints the result, and sets the exit code to 1 if anything is wrong.
void runDeepVerification(const DeepVerification& wanted, Options& options);

} // namespace nanodit::cli
