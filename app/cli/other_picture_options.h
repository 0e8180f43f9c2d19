#pragma once

#include "core/front/sampling.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>

namespace nanodit::cli {

/// Pictures beside the reference: whose CLS is taken (--cls-record, --cls-reference), and what is mixed into it
/// (--blend-record, --blend-reference, --blend-weight).
struct OtherPictureOptions {
    std::string clsRecord, blendRecord;
    std::filesystem::path clsPicture, blendPicture;
    double blendWeight = ReferenceBlend{}.weight;
    CLI::Option* blendWeightOption = nullptr;

    void addTo(CLI::App& command);
    /// For a request with its reference. Throws UsageError where it has none.
    void apply(SampleRequest& request) const;
};

} // namespace nanodit::cli
