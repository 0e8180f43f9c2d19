#pragma once

#include "core/dataset/pass.h"
#include "core/dataset/record_info.h"
#include "core/geometry/bucket.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nanodit {

/// Records chosen by words: those for which every term holds.
///
///     red "blue circle"          id or caption holds it; capitals do not matter
///     bucket:1024x1024,1216x832  one of them
///     split:val  tag:night
///     state:stale                any of the four arrays is; state:valid (or whole): all of them are
///     t5:missing  vae:  dinov3:  dinov3_patches:   one array's state
///     because:caption            an array is stale because of it: picture, caption, bucket, settings, encoder
///     is:excluded  is:problem  is:adopted  is:tagged  is:captioned
///     -split:val                 not so
///
/// A word before a colon that is none of these is text as any other.
class RecordQuery {
public:
    RecordQuery() = default; ///< Every record.
    /// Throws UsageError for a value that its key cannot have, naming those that it can.
    explicit RecordQuery(std::string_view text);

    bool accepts(const RecordInfo& record) const;
    bool empty() const { return terms_.empty(); }

private:
    friend std::string misspeltTerm(std::string_view query);
    enum class Key { Text, Bucket, Split, Tag, State, Array, Because, Is };
    struct KeyName;
    static std::span<const KeyName> keys(); ///< Every word that may stand before a colon.
    static const KeyName* keyNamed(std::string_view name);
    struct Term {
        Key key = Key::Text;
        bool negated = false;
        std::size_t array = 0;           ///< Of Key::Array, by ArrayKind.
        std::vector<std::string> values; ///< One must hold. Text is folded.
    };
    static Term parsed(std::string_view word, bool quoted);
    static bool holds(const Term& term, const std::string& value, const RecordInfo& record, std::string& folded);

    std::vector<Term> terms_;
};

/// Of a query that finds nothing: the first word that is text as it stands and nearly a term, as "\"splt:val\" is
/// looked for as text: did you mean \"split:val\"?"; empty where there is none.
std::string misspeltTerm(std::string_view query);

/// A query's text with `term` ("bucket:64x64") added, or taken out where it is; other words stay as they are.
std::string withTerm(std::string_view query, std::string_view term, bool present);
bool hasTerm(std::string_view query, std::string_view term);
/// "tag:night", with quotes where the value needs them.
std::string termText(std::string_view key, std::string_view value);

/// `text` without capitals, for finding: Latin, Greek and Cyrillic letters.
std::string foldCase(std::string_view text);

/// How many records each value of a query's vocabulary would find, over all of them.
struct RecordCounts {
    std::int64_t records = 0, excluded = 0, problems = 0, adopted = 0;
    std::map<ImageSize, std::int64_t> buckets;
    std::map<std::string, std::int64_t> splits, tags;
    std::map<ArrayState, std::int64_t> states;    ///< Records with an array in it; Whole: with all of them.
    std::map<ArrayInput, std::int64_t> staleness; ///< Records with an array that is stale because of it.
};
RecordCounts countRecords(const std::vector<RecordInfo>& records);

inline constexpr std::array<const char*, 4> stateNames = {"missing", "whole", "stale", "wrong"}; ///< By ArrayState.
/// By ArrayInput: "picture", "caption"...
inline constexpr std::array<const char*, 5> inputNames = {"picture", "caption", "bucket", "settings", "encoder"};

} // namespace nanodit
