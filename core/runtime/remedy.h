#pragma once

#include "core/runtime/pass.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace nanodit {

/// What would help when something could not be done, as data: a message of the engine states the fact alone, and each
/// face says what to do in its own terms (a command to type, a button to press). A new kind is a struct here and an
/// entry in `Remedy`; neither face compiles until it has words for it.
namespace remedy {

struct ImportPictures {};  ///< There are no records.
struct ChooseWorkspace {}; ///< The folder is no workspace: make one there, or name another.
struct CreateDemo {};
/// Make the arrays that are missing, or replace those that are wrong: of one pass, or of all.
struct RunPasses {
    std::optional<Pass> pass = {};
    bool setsAside = false; ///< What is there is moved aside, not replaced.
};
/// Remove the file that the message names, then run the pass, which takes it for good as it is.
struct RemakeArray {
    Pass pass = Pass::Dino;
};
struct VerifyArrays {};     ///< Compare all arrays with what they should be.
struct CertifyAlignment {}; ///< Recompute patches and certify them again.
struct PackShards {
    bool replace = false; ///< A set of this name is there already.
};
enum class Encoder { T5, Vae, Dino, Lpips };
inline constexpr int encoders = static_cast<int>(Encoder::Lpips) + 1;
struct NameEncoder {
    Encoder encoder = Encoder::Dino;
};
struct AllowMemory {
    std::int64_t bytes = 0; ///< That are needed.
};
/// Write somewhere else than in the folder that the message names.
struct ChooseFolder {
    bool orSameSettings = false; ///< What is there can be continued with the settings that it was begun with.
};
struct Validate {
    bool replace = false; ///< What is there is of no use.
};
struct ReplaceValidation {}; ///< Replace what is there, or write somewhere else.
struct HoldOutRecords {};    ///< Put records into the split "val".
struct ListRecords {};       ///< See which records there are.
struct UseOlderCheckpoint {};
struct ChooseDevice {};
struct SetRanks {};      ///< Say rank and number of ranks, both.
struct UpdateCatalog {}; ///< Open the workspace once without ranks.
struct FixPrecision {};  ///< Run a pass with a stated precision once, before the ranks.

} // namespace remedy

using Remedy =
    std::variant<remedy::ImportPictures, remedy::ChooseWorkspace, remedy::CreateDemo, remedy::RunPasses,
                 remedy::RemakeArray, remedy::VerifyArrays, remedy::CertifyAlignment, remedy::PackShards,
                 remedy::NameEncoder, remedy::AllowMemory, remedy::ChooseFolder, remedy::Validate,
                 remedy::ReplaceValidation, remedy::HoldOutRecords, remedy::ListRecords, remedy::UseOlderCheckpoint,
                 remedy::ChooseDevice, remedy::SetRanks, remedy::UpdateCatalog, remedy::FixPrecision>;

/// A fact for the user, and what would help where something would.
struct Notice {
    std::string text;
    std::optional<Remedy> remedy = {};
};

/// Joins lambdas to one visitor: std::visit(Cases{...}, remedy) compiles only when every kind has its case.
template<typename... Case>
struct Cases : Case... {
    using Case::operator()...;
};
template<typename... Case>
Cases(Case...) -> Cases<Case...>;

} // namespace nanodit
