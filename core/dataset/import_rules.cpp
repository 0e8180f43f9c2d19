#include "core/dataset/import_rules.h"

#include "core/dataset/duplicates.h"
#include "core/dataset/fingerprint_store.h"

#include <algorithm>
#include <cstdio>

namespace nanodit {

namespace {

constexpr auto broken = "broken", tooSmall = "too small", extremeAspect = "extreme aspect ratio",
               exactDuplicate = "exact duplicate", nearDuplicate = "near duplicate";

std::string figure(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
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

/// Of the records whose picture gives no reason by itself.
std::vector<DuplicateCandidate> candidatesOf(const std::vector<Record>& records,
                                             const std::vector<std::string>& reasons, Catalog& catalog)
{
    auto fingerprints = FingerprintStore(catalog).all();
    std::vector<DuplicateCandidate> candidates;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto& record = records[i];
        if (!reasons[i].empty())
            continue;
        auto& candidate = candidates.emplace_back();
        candidate.id = record.id;
        candidate.file = record.image.string();
        candidate.imageHash = record.imageHash;
        candidate.pixelCount = record.original.width * record.original.height;
        candidate.stays = record.exclusionEdited && record.excluded.empty();
        const auto found = fingerprints.find(record.id);
        if (found != fingerprints.end() && found->second.imageHash == record.imageHash)
            candidate.fingerprint = found->second.fingerprint;
    }
    return candidates;
}

} // namespace

std::string ruleOf(const std::string& reason)
{
    return reason.substr(0, reason.find(": "));
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
    if (const double ratio = aspectRatioOf(record); rules.largestAspectRatio > 0 && ratio > rules.largestAspectRatio)
        return std::string(extremeAspect) + ": " + bucketName(record.original) + " pixels are " + figure(ratio) +
               " to 1, at most " + figure(rules.largestAspectRatio) + " to 1 are taken";
    if (const double enlargement = enlargementOf(record);
        rules.largestEnlargement > 0 && enlargement > rules.largestEnlargement)
        return std::string(tooSmall) + ": " + bucketName(record.original) + " pixels would have to be enlarged " +
               figure(enlargement) + " times to cover the bucket " + bucketName(record.bucket) + ", at most " +
               figure(rules.largestEnlargement) + " are taken";
    return {};
}

std::string reasonOfPictureOrDuplicate(const Record& record, const ExclusionRules& rules)
{
    auto reason = reasonOfPicture(record, rules);
    if (reason.empty() && (ruleOf(record.excluded) == exactDuplicate || ruleOf(record.excluded) == nearDuplicate))
        reason = record.excluded;
    return reason;
}

std::optional<std::map<std::string, std::string>> applyRules(Catalog& catalog, const ExclusionRules& rules,
                                                             const JobContext& context)
{
    const auto records = catalog.records();
    std::vector<std::string> reasons;
    for (const auto& record : records)
        reasons.push_back(reasonOfPicture(record, rules));
    if (rules.exactDuplicates || rules.nearDuplicateBits >= 0) {
        const auto candidates = candidatesOf(records, reasons, catalog);
        const auto duplicates =
            findDuplicates(candidates, {.exact = rules.exactDuplicates, .nearBits = rules.nearDuplicateBits}, context);
        if (!duplicates)
            return std::nullopt;
        std::map<std::string, std::string> byId;
        for (const auto& duplicate : *duplicates)
            byId[candidates[duplicate.candidate].id] = reasonOf(duplicate, candidates[duplicate.of].id);
        for (std::size_t i = 0; i < records.size(); ++i) {
            if (const auto found = byId.find(records[i].id); found != byId.end())
                reasons[i] = found->second;
        }
    }
    std::map<std::string, std::string> excluded;
    catalog.together([&] {
        for (std::size_t i = 0; i < records.size(); ++i) {
            if (records[i].exclusionEdited)
                continue;
            if (records[i].excluded != reasons[i])
                catalog.excludeByRule(records[i].id, reasons[i]);
            if (!reasons[i].empty())
                excluded.emplace_hint(excluded.end(), records[i].id, reasons[i]);
        }
    });
    return excluded;
}

} // namespace nanodit
