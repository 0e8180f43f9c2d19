#pragma once

#include "core/runtime/compute_choice.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace nanodit {

struct Compute;

/// One output of a golden case against ours.
struct GoldenLine {
    std::string name;
    /// The largest of an element; elsewhere than on the CPU in float32, where the cases were made, the distance of all
    /// elements in parts of their length. NaN and missing outputs count as failures.
    double largestError = 0;
    double tolerance = 0;
    bool passed = false;
    std::string note; ///< What differs, when it is no number.
};

struct GoldenReport {
    std::filesystem::path folder;
    std::string kind;
    std::vector<GoldenLine> lines;
    bool passed() const;
};

/// Runs one folder laid out like shared goldens (case.json with `kind`, inputs.safetensors, outputs.safetensors...)
/// through our code, computed as `choice` says; files and pictures are always read on the CPU. Throws DataError when
/// the folder is no case, its kind is unknown or something of it is missing, UsageError for a device that is not there.
GoldenReport runGolden(const std::filesystem::path& caseFolder, const ComputeChoice& choice = {.device = "cpu"});

/// The cases of a folder: itself, or, if it has no case.json but folders that do (the variants of a model, a whole
/// collection), those by name.
std::vector<std::filesystem::path> goldenCases(const std::filesystem::path& folder);

/// A runner per kind; each golden_*.cpp offers its own through a function listed in golden.cpp.
using GoldenRunner =
    std::function<std::vector<GoldenLine>(const std::filesystem::path& caseFolder, const Compute& compute)>;
std::map<std::string, GoldenRunner> fileGoldenRunners();        ///< webdataset, torch_pt
std::map<std::string, GoldenRunner> encoderGoldenRunners();     ///< preprocess, dinov3_vit, dinov2*, t5_encoder
std::map<std::string, GoldenRunner> autoencoderGoldenRunners(); ///< autoencoder_kl
std::map<std::string, GoldenRunner> lpipsGoldenRunners();       ///< lpips
std::map<std::string, GoldenRunner> modelGoldenRunners();       ///< nanodit
std::map<std::string, GoldenRunner> optimiserGoldenRunners();   ///< adamw_ema

} // namespace nanodit
