#pragma once

/// What the front, core/workbench.h, says of records: their list, the state of their arrays, how they are edited.

#include "core/config/workspace_config.h"
#include "core/io/image.h"

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// The passes that turn a record into arrays; "dinov3" writes CLS and patches.
enum class Pass { T5, Vae, Dino };
/// The arrays below data/derived: t5, vae, dinov3 (CLS), dinov3_patches.
enum class ArrayKind { T5, Vae, DinoCls, DinoPatches };
inline constexpr std::array<const char*, 4> arrayFolderNames = {"t5", "vae", "dinov3", "dinov3_patches"};
/// Wrong: misaligned, of the wrong shape, or not finite; RecordInfo::problem says which.
enum class ArrayState { Missing, Whole, Stale, Wrong };

std::string passName(Pass pass);            ///< "t5", "vae", "dinov3"
Pass passFromName(const std::string& name); ///< Throws UsageError.

/// What an array is made of.
enum class ArrayInput { Picture, Caption, Bucket, PassSettings, Encoder };
/// One of them that is another now than when the array was made.
struct InputChange {
    ArrayInput input = ArrayInput::Picture;
    std::string before, now; ///< For people, where it says something: buckets, settings, the encoder's fingerprint.
    bool operator==(const InputChange&) const = default;
};
/// "the caption", "the bucket (1216x832 before, 1024x1024 now)"
std::string inWords(const InputChange& change);

struct RecordInfo {
    std::string id;
    std::filesystem::path image;
    std::string caption;
    std::string split;  ///< "train" or "val"
    ImageSize original; ///< After EXIF rotation.
    ImageSize bucket;
    std::vector<std::string> tags;
    std::string excluded;                              ///< Why it takes no part in passes and packing; empty: it does.
    bool excludedByRule = false;                       ///< By import's rules, not by a person.
    std::array<ArrayState, 4> arrays{};                ///< By ArrayKind.
    std::array<std::vector<InputChange>, 4> changes{}; ///< Why an array is stale.
    std::array<bool, 4> adopted{};                     ///< Made elsewhere, without provenance, and found good.
    std::string problem;                               ///< A sentence, or empty.
};

/// Where the states of a list come from. Catalog: what is known without looking at any file but the catalog; files that
/// others changed, removed or put there do not show. Disk: also size and time of every picture and array, and the heads
/// of arrays that are new; changed pictures are read, and the catalog learns of them.
enum class Look { Catalog, Disk };

/// Every record, by id, excluded ones among them.
std::vector<RecordInfo> listRecords(const Workspace& workspace, Look look = Look::Disk);
/// One record, from the catalog; empty when there is none.
std::optional<RecordInfo> findRecord(const Workspace& workspace, const std::string& id);
Image loadOriginal(const RecordInfo& record);
Image loadBucketImage(const RecordInfo& record);

// Edits. Each is in the catalog, whole or not at all, when the call returns; an id that is unknown throws DataError
// with nothing changed. Importing again leaves an edit alone, unless the source itself says something new.

/// Makes the record's t5 array stale. Line ends become spaces; throws DataError when it is not UTF-8.
void setCaption(const Workspace& workspace, const std::string& id, const std::string& caption);
/// Letters, digits, '-' and '_' (else DataError); empty: by the rule, as validation_share has it.
void setSplit(const Workspace& workspace, const std::vector<std::string>& ids, const std::string& split);
/// Takes records out of passes and packing for this reason; an empty one takes them in again, whatever import's rules
/// say. Their arrays stay.
void setExcluded(const Workspace& workspace, const std::vector<std::string>& ids, const std::string& reason);
/// Replaces the tags: sorted, each once, blanks around them removed, empty ones left out.
void setTags(const Workspace& workspace, const std::vector<std::string>& ids, const std::vector<std::string>& tags);

/// How far a data set has come. Checks array headers, not contents.
struct ArrayStatus {
    ArrayKind array = ArrayKind::T5;
    std::int64_t whole = 0, missing = 0, stale = 0, wrong = 0;
    std::int64_t adopted = 0; ///< Of those that are whole: made elsewhere.
    std::int64_t bytes = 0;   ///< Of its files on disk.
    /// Of its files once every record has a whole one: those that are there, and what a pass would make of the rest.
    /// Empty where the encoder is not known.
    std::optional<std::int64_t> fullBytes;
    /// Why arrays are stale: how many by each input; one that has two reasons counts twice.
    std::map<ArrayInput, std::int64_t> staleBecause;
};
struct StatusReport {
    std::int64_t records = 0; ///< Without those that are excluded.
    std::int64_t picturesGone = 0;
    std::map<std::string, std::int64_t> splits;  ///< Records by split.
    std::map<std::string, std::int64_t> buckets; ///< Records by bucket.
    std::map<std::string, std::int64_t> tags;    ///< Records by tag.
    /// Excluded records by reason, up to its first colon: "near duplicate: of cats__tabby" counts as "near duplicate".
    std::map<std::string, std::int64_t> excluded;
    std::array<ArrayStatus, 4> arrays; ///< By ArrayKind; of records that are not excluded.
    std::string firstWholeValidation;  ///< By id; of the split val, with all arrays whole. Empty when there is none.
};
StatusReport status(const Workspace& workspace);

} // namespace nanodit
