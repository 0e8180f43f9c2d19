#include "core/preprocess/survey.h"
#include "core/runtime/error.h"
#include "core/workbench.h"

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// The survey that the window and the command line show. Encoders matter only to arrays that were made or adopted here;
/// what cannot be read of them (a folder that is not mounted) leaves their staleness unknown.
std::vector<SurveyedRecord> surveyNow(const Workspace& workspace, Catalog& catalog)
{
    ArrayExpectations expected;
    expected.textTokens = workspace.config.textTokens;
    EncoderFingerprints fingerprints;
    const JobContext context;
    try {
        const auto encoders = encodersOf(workspace);
        expected = encoders.expectations;
        std::vector<Pass> passes;
        for (const auto kind : allArrays) {
            if (!catalog.provenances(kind).empty())
                passes.push_back(passOf(kind));
        }
        fingerprints = *usableFingerprints(encoders, passes, context);
    } catch (const Error&) {
        fingerprints = {};
    }
    return *surveyRecords(workspace, catalog, expected, fingerprints, context);
}

std::string problemOf(const SurveyedRecord& entry, const std::array<std::map<std::string, std::string>, 3>& failures)
{
    if (entry.imageGone)
        return "the picture " + entry.record.image.string() +
               " is gone or cannot be read any more: put it back, or import it from where it is now";
    for (const auto kind : allArrays) {
        const auto& judgement = entry.array(kind);
        if (judgement.verdict == ArrayVerdict::Whole)
            continue;
        const auto pass = passOf(kind);
        const auto& failed = failures[static_cast<std::size_t>(pass)];
        if (const auto found = failed.find(entry.record.id); found != failed.end())
            return "the pass " + passName(pass) + " could not be made: " + found->second;
        if (judgement.verdict != ArrayVerdict::Missing)
            return judgement.problem;
    }
    return {};
}

} // namespace

std::vector<RecordInfo> listRecords(const Workspace& workspace)
{
    auto catalog = Catalog::open(workspace);
    std::array<std::map<std::string, std::string>, 3> failures;
    for (const auto pass : {Pass::T5, Pass::Vae, Pass::Dino})
        failures[static_cast<std::size_t>(pass)] = catalog.failures(pass);
    std::vector<RecordInfo> infos;
    for (const auto& entry : surveyNow(workspace, catalog)) {
        const auto& record = entry.record;
        auto& info = infos.emplace_back();
        info.id = record.id;
        info.image = record.image;
        info.caption = record.caption;
        info.split = record.split;
        info.original = record.original;
        info.bucket = record.bucket;
        for (std::size_t i = 0; i < entry.arrays.size(); ++i)
            info.arrays[i] = stateOf(entry.arrays[i].verdict);
        info.problem = problemOf(entry, failures);
    }
    return infos;
}

StatusReport status(const Workspace& workspace)
{
    auto catalog = Catalog::open(workspace);
    StatusReport report;
    for (const auto kind : allArrays)
        report.arrays[static_cast<std::size_t>(kind)].array = kind;
    for (const auto& entry : surveyNow(workspace, catalog)) {
        ++report.records;
        report.picturesGone += entry.imageGone;
        ++report.splits[entry.record.split];
        ++report.buckets[bucketName(entry.record.bucket)];
        for (const auto kind : allArrays) {
            auto& array = report.arrays[static_cast<std::size_t>(kind)];
            switch (stateOf(entry.array(kind).verdict)) {
            case ArrayState::Missing:
                ++array.missing;
                continue;
            case ArrayState::Whole:
                ++array.whole;
                break;
            case ArrayState::Stale:
                ++array.stale;
                break;
            case ArrayState::Wrong:
                ++array.wrong;
                break;
            }
            if (const auto stamp = stampOf(arrayFile(workspace, kind, entry.record.id)))
                array.bytes += stamp->bytes;
        }
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
