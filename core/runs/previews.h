#pragma once

/// Preview pictures of a run: samples/step-00000500-RECORD.png; those of other weights and of parts of the conditions
/// in folders of their own, samples/raw, samples/text_only...

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nanodit {

/// With what a preview was painted.
enum class PreviewKind {
    Usual,    ///< The averaged weights, where there are such, under all conditions.
    Raw,      ///< The weights as they are.
    TextOnly, ///< From here on the averaged ones under parts of the conditions: no DINO.
    DinoOnly, ///< No text.
    ClsOnly,  ///< Neither text nor patches.
    Swapped,  ///< The text of the record, CLS and patches of another one.
    Shuffled  ///< All of the record, its patches in random places.
};
/// By PreviewKind: names of folders below samples/, "" for samples/ itself.
inline constexpr std::array<const char*, 7> previewKindNames = {"",         "raw",     "text_only", "dino_only",
                                                                "cls_only", "swapped", "shuffled"};
/// Parts of the conditions, in the order in which they are shown behind the usual one.
inline constexpr std::array<PreviewKind, 5> conditionPreviews = {
    PreviewKind::TextOnly, PreviewKind::DinoOnly, PreviewKind::ClsOnly, PreviewKind::Swapped, PreviewKind::Shuffled};

std::filesystem::path previewFile(const std::filesystem::path& runFolder, std::int64_t step,
                                  const std::string& recordId, PreviewKind kind = PreviewKind::Usual);

struct PreviewFile {
    std::string recordId;
    std::filesystem::path file;
};
/// Those of a kind, by step, each step's by record. Files of other names are left out.
std::map<std::int64_t, std::vector<PreviewFile>> listPreviews(const std::filesystem::path& runFolder,
                                                              PreviewKind kind = PreviewKind::Usual);

} // namespace nanodit
