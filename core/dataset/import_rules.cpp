#include "core/dataset/import_rules.h"

#include "core/io/picture_notes.h"
#include "core/runtime/number_text.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

constexpr auto broken = "broken", animation = "animation", tooSmall = "too small",
               extremeAspect = "extreme aspect ratio", exactDuplicate = "exact duplicate",
               nearDuplicate = "near duplicate";

std::string figure(double value)
{
    constexpr double mostOfThreeDigits = 999.5; // which would be written as 1e+03
    return value < mostOfThreeDigits ? significantText(value, 3) : decimalText(value, 0);
}

double enlargementOf(const Record& record)
{
    return std::max(static_cast<double>(record.bucket.width) / static_cast<double>(record.original.width),
                    static_cast<double>(record.bucket.height) / static_cast<double>(record.original.height));
}

double aspectRatioOf(const Record& record)
{
    const auto& size = record.original;
    return static_cast<double>(std::max(size.width, size.height)) /
           static_cast<double>(std::min(size.width, size.height));
}

std::string reasonOf(const Duplicate& duplicate, const std::string& of)
{
    switch (duplicate.kind) {
    case Duplicate::Kind::Bytes:
        return std::string(exactDuplicate) + ": of " + of + ", the same file";
    case Duplicate::Kind::Pixels:
        return std::string(exactDuplicate) + ": of " + of + ", the same pixels";
    case Duplicate::Kind::Near:
        return std::string(nearDuplicate) + ": of " + of + ", " + std::to_string(duplicate.bits) + " of 64 bits differ";
    }
    return {};
}

/// What is kept in memory of a record while the rules are applied.
struct RuledRecord {
    std::string id;
    std::string excluded; ///< As the catalog has it.
    bool edited = false;  ///< A person decided.
    std::string reason;   ///< What the rules say.
};

} // namespace

std::string ruleOf(const std::string& reason)
{
    return reason.substr(0, reason.find(": "));
}

DuplicateCandidate candidateOf(Record record, const FingerprintStore& fingerprints)
{
    DuplicateCandidate candidate;
    candidate.fingerprint = fingerprints.find(record.id, record.imageHash);
    candidate.id = std::move(record.id);
    candidate.file = record.image.string();
    candidate.imageHash = std::move(record.imageHash);
    candidate.pixelCount = record.original.width * record.original.height;
    candidate.gone = !stampOf(candidate.file);
    candidate.stays = record.exclusionEdited && record.excluded.empty() && !candidate.gone;
    return candidate;
}

bool isDuplicateReason(const std::string& excluded)
{
    return ruleOf(excluded) == exactDuplicate || ruleOf(excluded) == nearDuplicate;
}

std::string brokenReason(const std::string& what)
{
    return std::string(broken) + ": " + what;
}

bool isBroken(const Record& record)
{
    return record.original.width < 1 || record.original.height < 1;
}

std::string reasonOfPicture(const Record& record, const ExclusionRules& rules)
{
    if (isBroken(record))
        return ruleOf(record.excluded) == broken ? record.excluded : brokenReason("it could not be decoded");
    if (rules.animations && isAnimation(record.image))
        return std::string(animation) +
               ": it has several frames or pages, and exclusions.animations leaves such pictures out";
    if (const double ratio = aspectRatioOf(record); rules.largestAspectRatio > 0 && ratio > rules.largestAspectRatio)
        return std::string(extremeAspect) + ": " + bucketName(record.original) + " pixels are " + figure(ratio) +
               " to 1, but at most " + figure(rules.largestAspectRatio) + " to 1 is allowed";
    if (const double enlargement = enlargementOf(record);
        rules.largestEnlargement > 0 && enlargement > rules.largestEnlargement)
        return std::string(tooSmall) + ": " + bucketName(record.original) + " pixels would have to be enlarged " +
               figure(enlargement) + " times to cover the bucket " + bucketName(record.bucket) + ", but at most " +
               figure(rules.largestEnlargement) + " are allowed";
    return {};
}

std::string reasonOfPictureOrDuplicate(const Record& record, const ExclusionRules& rules)
{
    auto reason = reasonOfPicture(record, rules);
    if (reason.empty() && isDuplicateReason(record.excluded))
        reason = record.excluded;
    return reason;
}

std::optional<std::map<std::string, std::string>> applyRules(Catalog& catalog, const ExclusionRules& rules,
                                                             const JobContext& context)
{
    const bool compares = rules.exactDuplicates || rules.nearDuplicateBits >= 0;
    const FingerprintStore fingerprints(catalog);
    std::vector<RuledRecord> ruled;
    std::vector<DuplicateCandidate> candidates; // whose picture gives no reason by itself
    std::vector<std::size_t> placeOf;           // of each candidate, in `ruled`
    for (auto page = catalog.records("", recordsAtOnce); !page.empty();
         page = catalog.records(ruled.back().id, recordsAtOnce)) {
        if (context.shouldStop())
            return std::nullopt;
        for (auto& record : page) {
            ruled.push_back({.id = record.id,
                             .excluded = record.excluded,
                             .edited = record.exclusionEdited,
                             .reason = reasonOfPicture(record, rules)});
            if (!compares || !ruled.back().reason.empty())
                continue;
            placeOf.push_back(ruled.size() - 1);
            candidates.push_back(candidateOf(std::move(record), fingerprints));
        }
    }
    const auto duplicates =
        findDuplicates(candidates, {.exact = rules.exactDuplicates, .nearBits = rules.nearDuplicateBits}, context);
    if (!duplicates)
        return std::nullopt;
    for (const auto& duplicate : *duplicates)
        ruled[placeOf[duplicate.candidate]].reason = reasonOf(duplicate, candidates[duplicate.of].id);
    std::map<std::string, std::string> excluded;
    catalog.together([&] {
        for (const auto& record : ruled) {
            if (record.edited)
                continue;
            if (record.excluded != record.reason)
                catalog.excludeByRule(record.id, record.reason);
            if (!record.reason.empty())
                excluded.emplace_hint(excluded.end(), record.id, record.reason);
        }
    });
    return excluded;
}

} // namespace nanodit
