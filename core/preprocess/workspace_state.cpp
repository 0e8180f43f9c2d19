#include "core/preprocess/workspace_state.h"

#include "core/dataset/pass.h"
#include "core/dataset/record_edits.h"
#include "core/geometry/bucket.h"
#include "core/io/npy.h"
#include "core/preprocess/cut_captions.h"
#include "core/preprocess/pass_forecast.h"
#include "core/preprocess/survey.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// The encoders as far as they are known: what cannot be read of them (a folder that is not mounted) leaves the
/// staleness of their arrays unknown. They matter only to arrays that were made or adopted here.
struct KnownEncoders {
    PassEncoders encoders; ///< Of those, no more than the expectations and the count of tokens.
    ArrayExpectations expected;
    EncoderFingerprints fingerprints;
};

KnownEncoders knownEncoders(const Workspace& workspace, const Catalog& catalog)
{
    KnownEncoders known;
    known.expected.textTokens = workspace.config.textTokens;
    try {
        known.encoders = encodersOf(workspace);
        known.expected = known.encoders.expectations;
        std::vector<Pass> passes;
        for (const auto kind : allArrays) {
            if (catalog.hasProvenance(kind))
                passes.push_back(passOf(kind));
        }
        known.fingerprints = *usableFingerprints(known.encoders, passes, {});
    } catch (const Error&) {
        known.fingerprints = {};
    }
    return known;
}

void visitAll(const Workspace& workspace, Catalog& catalog, Look look, const KnownEncoders& known,
              const std::function<void(const SurveyedRecord&)>& work)
{
    const auto each = [&](std::span<SurveyedRecord> part) {
        for (const auto& entry : part)
            work(entry);
    };
    Survey(workspace, catalog, known.expected, known.fingerprints, look).visit(Survey::Of::All, {}, each);
}

/// Reasons by record, by Pass.
using Failures = std::array<std::map<std::string, std::string>, 3>;

Notice problemOf(const SurveyedRecord& entry, const Failures& failures, CaptionLength& length)
{
    if (entry.imageGone)
        return {"the picture " + entry.record.image.string() +
                " is gone or cannot be read any more: put it back, or import it from where it is now"};
    for (const auto kind : allArrays) {
        const auto& judgement = entry.array(kind);
        if (judgement.verdict == ArrayVerdict::Whole)
            continue;
        const auto pass = passOf(kind);
        const auto& failed = failures[static_cast<std::size_t>(pass)];
        if (const auto found = failed.find(entry.record.id); found != failed.end())
            return {"the pass " + passName(pass) + " failed: " + found->second};
        if (judgement.verdict != ArrayVerdict::Missing)
            return {judgement.problem, remedyFor(judgement, kind)};
    }
    const auto& text = entry.array(ArrayKind::T5);
    if (text.verdict == ArrayVerdict::Whole && !text.shape.empty() &&
        length.isCut(entry.record.caption, text.shape.front()))
        return {length.sentence()};
    return {};
}

Failures failuresOf(const Catalog& catalog)
{
    Failures failures;
    for (const auto pass : {Pass::T5, Pass::Vae, Pass::Dino})
        failures[static_cast<std::size_t>(pass)] = catalog.failures(pass);
    return failures;
}

RecordInfo infoOf(const SurveyedRecord& entry, const Failures& failures, CaptionLength& length)
{
    const auto& record = entry.record;
    const auto problem = problemOf(entry, failures, length);
    RecordInfo info{.id = record.id,
                    .image = record.image,
                    .caption = record.caption,
                    .split = record.split,
                    .original = record.original,
                    .bucket = record.bucket,
                    .tags = record.tags,
                    .excluded = record.excluded,
                    .excludedByRule = !record.excluded.empty() && !record.exclusionEdited,
                    .problem = problem.text,
                    .remedy = problem.remedy};
    for (std::size_t i = 0; i < entry.arrays.size(); ++i) {
        info.arrays[i] = stateOf(entry.arrays[i].verdict);
        info.changes[i] = entry.arrays[i].changes;
        info.adopted[i] = entry.arrays[i].adopted;
    }
    return info;
}

void count(ArrayStatus& array, const ArrayJudgement& judgement, const fs::path& file)
{
    switch (stateOf(judgement.verdict)) {
    case ArrayState::Missing:
        ++array.missing;
        return;
    case ArrayState::Whole:
        ++array.whole;
        array.adopted += judgement.adopted;
        break;
    case ArrayState::Stale:
        ++array.stale;
        for (const auto& change : judgement.changes)
            ++array.staleBecause[change.input];
        break;
    case ArrayState::Wrong:
        ++array.wrong;
        break;
    }
    if (const auto stamp = stampOf(file))
        array.bytes += stamp->bytes;
}

/// A record that takes part.
void include(StatusReport& report, const SurveyedRecord& entry, const Workspace& workspace)
{
    ++report.records;
    report.picturesGone += entry.imageGone;
    ++report.splits[entry.record.split];
    ++report.buckets[bucketName(entry.record.bucket)];
    for (const auto& tag : entry.record.tags)
        ++report.tags[tag];
    for (const auto kind : allArrays)
        count(report.arrays[static_cast<std::size_t>(kind)], entry.array(kind),
              arrayFile(workspace, kind, entry.record.id));
    if (report.firstWholeValidation.empty() && entry.record.split == "val" &&
        std::ranges::all_of(entry.arrays, [](const auto& one) { return one.verdict == ArrayVerdict::Whole; }))
        report.firstWholeValidation = entry.record.id;
}

/// Bytes of each array's files once every record has whole ones: those that are there, and what a pass would make of
/// the rest.
class FullSet {
public:
    explicit FullSet(const KnownEncoders& known)
        : known_(known)
        , tokens_(known.encoders)
    {
        bytes_.fill(0);
    }

    /// Many at once: tokens of captions are counted on all cores.
    void add(const std::vector<const SurveyedRecord*>& records)
    {
        const auto tokens = tokensOfDueText(records);
        std::size_t next = 0;
        for (const auto* const entry : records) {
            for (const auto kind : allArrays) {
                const auto& judgement = entry->array(kind);
                const bool whole = judgement.verdict == ArrayVerdict::Whole;
                std::optional<std::int64_t> count;
                if (kind == ArrayKind::T5 && !whole && !tokens.empty())
                    count = tokens.at(next++);
                auto& bytes = bytes_[static_cast<std::size_t>(kind)];
                if (!bytes)
                    continue;
                if (whole)
                    *bytes += npyFileBytes(judgement.dtype, judgement.shape);
                else if (const auto due = arrayFileBytes(kind, entry->record.bucket, known_.expected, count))
                    *bytes += *due;
                else
                    bytes.reset();
            }
        }
    }

    const std::array<std::optional<std::int64_t>, 4>& bytes() const { return bytes_; }

private:
    /// In the order of those records whose text is to be made; empty where it is not known.
    std::vector<std::int64_t> tokensOfDueText(const std::vector<const SurveyedRecord*>& records)
    {
        if (!bytes_[static_cast<std::size_t>(ArrayKind::T5)])
            return {};
        std::vector<const std::string*> captions;
        for (const auto* const entry : records) {
            if (entry->array(ArrayKind::T5).verdict != ArrayVerdict::Whole)
                captions.push_back(&entry->record.caption);
        }
        try {
            return tokens_.of(captions);
        } catch (const Error&) { // an encoder without its tokenizer: the pass will say so
            return {};
        }
    }

    const KnownEncoders& known_;
    TokenCounts tokens_;
    std::array<std::optional<std::int64_t>, 4> bytes_; ///< By ArrayKind.
};

} // namespace

std::vector<RecordInfo> listRecords(const Workspace& workspace, Look look)
{
    auto catalog = Catalog::open(workspace);
    const auto failures = failuresOf(catalog);
    std::vector<RecordInfo> infos;
    const auto known = knownEncoders(workspace, catalog);
    CaptionLength length(known.encoders);
    visitAll(workspace, catalog, look, known,
             [&](const auto& entry) { infos.push_back(infoOf(entry, failures, length)); });
    return infos;
}

std::optional<RecordInfo> findRecord(const Workspace& workspace, const std::string& id)
{
    auto found = findRecords(workspace, {id}, Look::Catalog);
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::vector<RecordInfo> findRecords(const Workspace& workspace, const std::vector<std::string>& ids, Look look)
{
    auto catalog = Catalog::open(workspace);
    std::vector<Record> records;
    for (const auto& id : ids) {
        if (auto record = catalog.find(id))
            records.push_back(std::move(*record));
    }
    const auto known = knownEncoders(workspace, catalog);
    const auto failures = failuresOf(catalog);
    std::vector<RecordInfo> infos;
    const auto judged = Survey(workspace, catalog, known.expected, known.fingerprints, look).judge(records, {}).value();
    CaptionLength length(known.encoders);
    for (const auto& entry : judged)
        infos.push_back(infoOf(entry, failures, length));
    return infos;
}

StatusReport status(const Workspace& workspace)
{
    auto catalog = Catalog::open(workspace);
    const auto known = knownEncoders(workspace, catalog);
    FullSet fullSet(known);
    StatusReport report;
    const auto take = [&](std::span<SurveyedRecord> part) {
        std::vector<const SurveyedRecord*> included;
        for (const auto& entry : part) {
            if (!entry.record.excluded.empty()) {
                const auto& reason = entry.record.excluded;
                ++report.excluded[reason.substr(0, reason.find(": "))];
                continue;
            }
            include(report, entry, workspace);
            included.push_back(&entry);
        }
        fullSet.add(included);
    };
    Survey(workspace, catalog, known.expected, known.fingerprints).visit(Survey::Of::All, {}, take);
    for (const auto kind : allArrays) {
        auto& array = report.arrays[static_cast<std::size_t>(kind)];
        array.array = kind;
        array.fullBytes = fullSet.bytes()[static_cast<std::size_t>(kind)];
    }
    return report;
}

Image loadOriginal(const RecordInfo& record)
{
    return readImage(record.image);
}

Image loadBucketImage(const RecordInfo& record)
{
    return makeBucketImage(readImage(record.image), record.bucket);
}

} // namespace nanodit
