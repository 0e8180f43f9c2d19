#include "core/preprocess/survey.h"

#include "core/io/sha256.h"
#include "core/runtime/parallel.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

namespace nanodit {

namespace {

constexpr std::size_t recordsOfAPart = 128;

} // namespace

std::optional<EncoderFingerprints> usableFingerprints(const PassEncoders& encoders, const std::vector<Pass>& passes,
                                                      const JobContext& context)
{
    EncoderFingerprints fingerprints;
    for (const auto pass : passes) {
        auto& fingerprint = fingerprints[static_cast<std::size_t>(pass)];
        if (!fingerprint.empty() || !encoders.obstacle(pass).empty())
            continue;
        fingerprint = encoders.fingerprint(pass, context);
        if (fingerprint.empty())
            return std::nullopt;
    }
    return fingerprints;
}

ArrayInputs inputsNow(const Record& record, ArrayKind kind, const ArrayExpectations& expected,
                      const EncoderFingerprints& fingerprints)
{
    const auto pass = passOf(kind);
    const bool ofPicture = pass != Pass::T5;
    return {.source = ofPicture ? record.imageHash : sha256Hex(record.caption),
            .bucket = ofPicture ? bucketName(record.bucket) : "",
            .parameters = passParameters(pass, expected),
            .encoder = fingerprints[static_cast<std::size_t>(pass)]};
}

Survey::Survey(const Workspace& workspace, Catalog& catalog, ArrayExpectations expected,
               EncoderFingerprints fingerprints, Look look)
    : workspace_(workspace)
    , catalog_(catalog)
    , expected_(std::move(expected))
    , fingerprints_(std::move(fingerprints))
    , look_(look)
{
}

bool Survey::visit(Of of, const JobContext& context, const Visit& work, Stage stage) const
{
    ProgressMeter meter(context, std::move(stage), catalog_.recordCount(), Unit::Records);
    std::string last;
    while (!context.shouldStop()) {
        auto records = catalog_.records(last, recordsOfAPart);
        if (records.empty())
            return true;
        const auto count = static_cast<std::int64_t>(records.size());
        const auto first = records.front().id;
        last = records.back().id;
        if (of == Of::Included)
            std::erase_if(records, [](const Record& record) { return !record.excluded.empty(); });
        Provenances known;
        for (const auto kind : allArrays)
            known[static_cast<std::size_t>(kind)] = catalog_.provenances(kind, first, last);
        auto part = judgePart(std::move(records), known, *context.control);
        if (context.shouldStop())
            return false;
        work(part);
        meter.advance(count);
    }
    return false;
}

std::optional<std::vector<SurveyedRecord>> Survey::judge(std::span<const Record> records,
                                                         const JobContext& context) const
{
    ProgressMeter meter(context, Stage::CheckingRecords, static_cast<std::int64_t>(records.size()), Unit::Records);
    std::vector<SurveyedRecord> entries;
    entries.reserve(records.size());
    while (entries.size() < records.size()) {
        const auto part = records.subspan(entries.size(), std::min(records.size() - entries.size(), recordsOfAPart));
        Provenances known; // the records may lie far apart
        for (const auto& record : part) {
            for (const auto kind : allArrays) {
                if (auto provenance = catalog_.provenance(record.id, kind))
                    known[static_cast<std::size_t>(kind)].emplace(record.id, std::move(*provenance));
            }
        }
        auto judged = judgePart({part.begin(), part.end()}, known, *context.control);
        if (context.shouldStop())
            return std::nullopt;
        std::ranges::move(judged, std::back_inserter(entries));
        meter.advance(static_cast<std::int64_t>(part.size()));
    }
    return entries;
}

std::vector<SurveyedRecord> Survey::judgePart(std::vector<Record> records, const Provenances& known,
                                              const JobControl& control) const
{
    std::vector<SurveyedRecord> entries;
    entries.reserve(records.size());
    for (auto& record : records)
        entries.push_back({.record = std::move(record), .arrays = {}});
    if (look_ == Look::Catalog) {
        for (auto& entry : entries)
            lookInCatalog(entry, known);
        return entries;
    }
    std::mutex mutex;
    std::vector<const Record*> refreshed;
    forEachParallel(entries.size(), [&](std::size_t i) {
        if (control.stopRequested())
            return;
        const auto change = lookOnDisk(entries[i], known);
        if (change == ImageChange::Changed || change == ImageChange::Touched) {
            const std::lock_guard lock(mutex);
            refreshed.push_back(&entries[i].record);
        }
    });
    if (!refreshed.empty() && !catalog_.readOnly()) {
        catalog_.together([&] {
            for (const auto* const record : refreshed)
                catalog_.putImage(*record);
        });
    }
    return entries;
}

ImageChange Survey::lookOnDisk(SurveyedRecord& entry, const Provenances& known) const
{
    auto& record = entry.record;
    const auto change = refreshImage(record);
    entry.imageGone = change == ImageChange::Gone;
    if (change == ImageChange::Changed)
        record.bucket = bucketOf(record, workspace_.config.buckets);
    for (const auto kind : allArrays) {
        const auto& ofKind = known[static_cast<std::size_t>(kind)];
        const auto found = ofKind.find(record.id);
        entry.array(kind) = judgeArray(arrayFile(workspace_, kind, record.id), kind, record, expected_,
                                       found == ofKind.end() ? nullptr : &found->second,
                                       inputsNow(record, kind, expected_, fingerprints_));
    }
    return change;
}

void Survey::lookInCatalog(SurveyedRecord& entry, const Provenances& known) const
{
    for (const auto kind : allArrays) {
        const auto& ofKind = known[static_cast<std::size_t>(kind)];
        const auto found = ofKind.find(entry.record.id);
        if (found == ofKind.end() || found->second.unfinished())
            continue;
        auto& judgement = entry.array(kind);
        judgement.adopted = found->second.adopted;
        judgement.changes =
            changesBetween(found->second.inputs, inputsNow(entry.record, kind, expected_, fingerprints_), kind);
        judgement.verdict = judgement.changes.empty() ? ArrayVerdict::Whole : ArrayVerdict::Stale;
    }
}

} // namespace nanodit
