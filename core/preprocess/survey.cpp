#include "core/preprocess/survey.h"

#include "core/io/sha256.h"
#include "core/runtime/parallel.h"

#include <algorithm>
#include <mutex>
#include <span>

namespace nanodit {

namespace {

constexpr std::size_t recordsAtOnce = 512;

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

std::optional<std::vector<SurveyedRecord>> surveyRecords(const Workspace& workspace, Catalog& catalog,
                                                         const ArrayExpectations& expected,
                                                         const EncoderFingerprints& fingerprints,
                                                         const JobContext& context)
{
    auto records = catalog.records();
    std::erase_if(records, [](const Record& record) { return !record.excluded.empty(); });
    return surveyRecords(std::move(records), workspace, catalog, expected, fingerprints, context);
}

std::optional<std::vector<SurveyedRecord>> surveyRecords(std::vector<Record> records, const Workspace& workspace,
                                                         Catalog& catalog, const ArrayExpectations& expected,
                                                         const EncoderFingerprints& fingerprints,
                                                         const JobContext& context)
{
    std::vector<SurveyedRecord> survey;
    survey.reserve(records.size());
    for (auto& record : records)
        survey.push_back({.record = std::move(record), .arrays = {}});
    std::array<std::map<std::string, Provenance>, 4> provenances;
    for (const auto kind : allArrays)
        provenances[static_cast<std::size_t>(kind)] = catalog.provenances(kind);

    std::mutex mutex;
    std::vector<const Record*> refreshed;
    const auto lookAt = [&](SurveyedRecord& entry) {
        auto& record = entry.record;
        switch (refreshImage(record)) {
        case ImageChange::None:
            break;
        case ImageChange::Gone:
            entry.imageGone = true;
            break;
        case ImageChange::Changed:
            record.bucket = bucketOf(record, workspace.config.buckets);
            [[fallthrough]];
        case ImageChange::Touched:
            const std::lock_guard lock(mutex);
            refreshed.push_back(&record);
        }
        for (const auto kind : allArrays) {
            const auto& known = provenances[static_cast<std::size_t>(kind)];
            const auto found = known.find(record.id);
            entry.array(kind) = judgeArray(arrayFile(workspace, kind, record.id), kind, record, expected,
                                           found == known.end() ? nullptr : &found->second,
                                           inputsNow(record, kind, expected, fingerprints));
        }
    };
    ProgressMeter meter(context, "looking at records", static_cast<std::int64_t>(survey.size()), "records");
    for (std::size_t first = 0; first < survey.size(); first += recordsAtOnce) {
        const auto part = std::span(survey).subspan(first, std::min(recordsAtOnce, survey.size() - first));
        forEachParallel(part.size(), [&](std::size_t i) {
            if (!context.control->stopRequested())
                lookAt(part[i]);
        });
        if (context.shouldStop())
            return std::nullopt;
        meter.advance(static_cast<std::int64_t>(part.size()));
    }
    if (!refreshed.empty() && !catalog.readOnly()) {
        catalog.together([&] {
            for (const auto* const record : refreshed)
                catalog.putImage(*record);
        });
    }
    return survey;
}

SurveyedRecord catalogView(Record record, const std::array<const Provenance*, 4>& provenances,
                           const ArrayExpectations& expected, const EncoderFingerprints& fingerprints)
{
    SurveyedRecord view{.record = std::move(record), .arrays = {}};
    for (const auto kind : allArrays) {
        const auto* const provenance = provenances[static_cast<std::size_t>(kind)];
        if (!provenance || provenance->unfinished())
            continue;
        auto& judgement = view.array(kind);
        judgement.adopted = provenance->adopted;
        judgement.changes =
            changesBetween(provenance->inputs, inputsNow(view.record, kind, expected, fingerprints), kind);
        judgement.verdict = judgement.changes.empty() ? ArrayVerdict::Whole : ArrayVerdict::Stale;
    }
    return view;
}

} // namespace nanodit
