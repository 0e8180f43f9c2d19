#include "core/preprocess/pass_forecast.h"

#include "core/io/npy.h"
#include "core/io/size_text.h"
#include "core/preprocess/jobs.h"
#include "core/preprocess/pass_plan.h"
#include "core/runtime/parallel.h"

#include <algorithm>
#include <limits>
#include <sys/statvfs.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Files take whole blocks; nearly every file system has them of this size.
constexpr std::int64_t blockBytes = 4096;
/// Files that are written at the same time, each beside the one that it replaces.
constexpr std::int64_t filesAtOnce = 16;
constexpr std::size_t captionsAtOnce = 4096;

std::int64_t inBlocks(std::int64_t bytes)
{
    return (bytes + blockBytes - 1) / blockBytes * blockBytes;
}

/// What a pass has to do for a record.
struct Duty {
    bool whole = true;
    bool reads = false; ///< Arrays that were not written here, or replaced since, have to be read.
    ArrayVerdict verdict = ArrayVerdict::Whole;
    std::string why;
    std::vector<InputChange> changes;
};

/// The gravest verdict of the pass's arrays decides: a missing one, then a stale one.
Duty dutyOf(const SurveyedRecord& entry, Pass pass)
{
    Duty duty;
    const auto rank = [](ArrayVerdict verdict) {
        return verdict == ArrayVerdict::Missing ? 3 : verdict == ArrayVerdict::Stale ? 2 : 1;
    };
    for (const auto kind : arraysOf(pass)) {
        const auto& judgement = entry.array(kind);
        duty.reads = duty.reads || judgement.foreign || judgement.replaced;
        if (judgement.verdict == ArrayVerdict::Whole || (!duty.whole && rank(duty.verdict) >= rank(judgement.verdict)))
            continue;
        duty.whole = false;
        duty.verdict = judgement.verdict;
        duty.changes = judgement.changes;
        duty.why = verdictName(judgement.verdict);
        for (std::size_t i = 0; i < judgement.changes.size(); ++i)
            duty.why += (i == 0 ? ": " : ", ") + inWords(judgement.changes[i]);
        if (isSetAside(judgement))
            duty.why += ", is moved aside";
    }
    return duty;
}

/// Seconds for these records by bucket, from measured rates; a bucket that was not measured takes as long by area as
/// the others.
void estimateTime(PassForecast& forecast, const std::map<std::string, PassRate>& rates)
{
    if (forecast.toMake() == 0) {
        forecast.seconds = 0;
        return;
    }
    const auto area = [](const std::string& bucket) {
        const auto size = bucket.empty() ? ImageSize{1, 1} : bucketFromName(bucket);
        return static_cast<double>(size.width) * static_cast<double>(size.height);
    };
    double measuredSeconds = 0, measuredArea = 0;
    for (const auto& [bucket, rate] : rates) {
        measuredSeconds += rate.seconds;
        measuredArea += rate.records * area(bucket);
    }
    if (measuredArea <= 0 || measuredSeconds <= 0)
        return;
    double seconds = 0;
    for (const auto& [bucket, records] : forecast.buckets) {
        const auto found = rates.find(bucket);
        const bool measured = found != rates.end() && found->second.records > 0;
        forecast.unmeasuredBuckets += !measured;
        seconds += static_cast<double>(records) * (measured ? found->second.seconds / found->second.records
                                                            : measuredSeconds / measuredArea * area(bucket));
    }
    forecast.seconds = seconds;
}

/// Counts a pass's bytes record by record.
class ByteCount {
public:
    explicit ByteCount(const Workspace& workspace, const ArrayExpectations& expected)
        : workspace_(workspace)
        , expected_(expected)
    {
    }

    /// The files stay as they are.
    void keep(const SurveyedRecord& entry, Pass pass)
    {
        for (const auto kind : arraysOf(pass))
            inAll_ += npyFileBytes(entry.array(kind).dtype, entry.array(kind).shape);
    }

    void make(const SurveyedRecord& entry, Pass pass, std::optional<std::int64_t> tokens)
    {
        std::int64_t replacing = 0;
        for (const auto kind : arraysOf(pass)) {
            const auto bytes = arrayFileBytes(kind, entry.record.bucket, expected_, tokens);
            if (!bytes) {
                known_ = false;
                return;
            }
            // What is moved aside goes on taking its place.
            std::optional<FileStamp> before;
            if (!isSetAside(entry.array(kind)))
                before = stampOf(arrayFile(workspace_, kind, entry.record.id));
            written_ += *bytes;
            inAll_ += *bytes;
            growth_ += std::max<std::int64_t>(0, inBlocks(*bytes) - (before ? inBlocks(before->bytes) : 0));
            replacing += before ? inBlocks(*bytes) : 0;
        }
        replaced_ += replacing > 0;
        largest_ = std::max(largest_, replacing);
    }

    void tell(PassForecast& forecast) const
    {
        if (!known_)
            return;
        forecast.bytesToWrite = written_;
        forecast.bytesGrowth = growth_ + std::min(replaced_, filesAtOnce) * largest_;
        forecast.bytesInAll = inAll_;
    }

private:
    const Workspace& workspace_;
    const ArrayExpectations& expected_;
    bool known_ = true;
    std::int64_t written_ = 0, growth_ = 0, inAll_ = 0;
    std::int64_t replaced_ = 0,
                 largest_ = 0; ///< Records whose files are replaced, and the most that one of them takes.
};

std::optional<PassForecast> forecastPass(Pass pass, const std::vector<SurveyedRecord>& survey,
                                         const Workspace& workspace, const PassEncoders& encoders,
                                         const JobContext& context)
{
    PassForecast forecast;
    forecast.pass = pass;
    forecast.obstacle = encoders.obstacle(pass);
    ByteCount bytes(workspace, encoders.expectations);
    std::vector<const SurveyedRecord*> due;
    for (const auto& entry : survey) {
        auto duty = dutyOf(entry, pass);
        if (duty.whole) {
            ++(duty.reads ? forecast.toRead : forecast.whole);
            bytes.keep(entry, pass);
            continue;
        }
        ++(duty.verdict == ArrayVerdict::Missing ? forecast.missing
           : duty.verdict == ArrayVerdict::Stale ? forecast.stale
                                                 : forecast.wrong);
        if (duty.verdict == ArrayVerdict::Stale) {
            for (const auto& change : duty.changes)
                ++forecast.staleBecause[change.input];
        }
        if (entry.imageGone && pass != Pass::T5) {
            ++forecast.unreadable;
            duty.why += "; its picture is gone";
        }
        ++forecast.buckets[bucketKey(pass, entry.record)];
        forecast.due.push_back({entry.record.id, std::move(duty.why)});
        due.push_back(&entry);
    }
    std::vector<std::int64_t> tokens;
    if (pass == Pass::T5 && !due.empty()) {
        std::vector<const std::string*> captions;
        for (const auto* const entry : due)
            captions.push_back(&entry->record.caption);
        tokens = countTokens(captions, encoders, context);
        if (context.shouldStop())
            return std::nullopt;
    }
    for (std::size_t i = 0; i < due.size(); ++i)
        bytes.make(*due[i], pass, tokens.empty() ? std::nullopt : std::optional(tokens[i]));
    bytes.tell(forecast);
    return forecast;
}

} // namespace

std::int64_t freeBytesFor(const fs::path& folder)
{
    auto there = folder;
    std::error_code error;
    while (!fs::exists(there, error) && there.has_parent_path() && there != there.parent_path())
        there = there.parent_path();
    struct statvfs status {};
    // A file system that does not tell has room until it says otherwise.
    if (::statvfs(there.c_str(), &status) != 0 || status.f_blocks == 0)
        return std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
}

std::optional<std::int64_t> arrayFileBytes(ArrayKind kind, ImageSize bucket, const ArrayExpectations& expected,
                                           std::optional<std::int64_t> tokens)
{
    switch (kind) {
    case ArrayKind::T5:
        if (tokens && expected.textWidth)
            return npyFileBytes(DType::F16, {*tokens, *expected.textWidth});
        break;
    case ArrayKind::Vae:
        if (expected.latentChannels)
            return npyFileBytes(DType::F32, {*expected.latentChannels, bucket.height / expected.latentFactor,
                                             bucket.width / expected.latentFactor});
        break;
    case ArrayKind::DinoCls:
        if (expected.dinoWidth)
            return npyFileBytes(DType::F32, {*expected.dinoWidth});
        break;
    case ArrayKind::DinoPatches:
        if (expected.dinoWidth && expected.patchSize)
            return npyFileBytes(DType::F16, {dinoGrid(bucket, *expected.patchSize).count(), *expected.dinoWidth});
        break;
    }
    return std::nullopt;
}

std::vector<std::int64_t> countTokens(const std::vector<const std::string*>& captions, const PassEncoders& encoders,
                                      const JobContext& context)
{
    if (captions.empty() || !encoders.loadTokenCount)
        return {};
    const auto count = encoders.loadTokenCount();
    std::vector<std::int64_t> tokens(captions.size());
    ProgressMeter meter(context, "t5: counting tokens", static_cast<std::int64_t>(captions.size()), "captions");
    for (std::size_t first = 0; first < captions.size(); first += captionsAtOnce) {
        if (context.shouldStop())
            return {};
        const auto part = std::min(captionsAtOnce, captions.size() - first);
        forEachParallel(part, [&](std::size_t i) { tokens[first + i] = count(*captions[first + i]); });
        meter.advance(static_cast<std::int64_t>(part));
    }
    return tokens;
}

std::string refusalOf(const PassForecast& pass, const fs::path& folder, std::int64_t bytesFree, std::int64_t before)
{
    const auto needed = pass.bytesGrowth.value_or(0);
    if (needed == 0 || needed <= bytesFree - before)
        return {};
    return "the pass " + passName(pass.pass) + " does not fit on the disk: it needs " + sizeText(needed) + " in " +
           folder.string() + ", where " + sizeText(std::max<std::int64_t>(0, bytesFree - before)) + " are free" +
           (before > 0 ? " once the passes before it are done" : "") +
           "; make room, or let folders.derived in workspace.yaml name a larger disk";
}

std::optional<PreprocessForecast> forecastPasses(const std::vector<Pass>& passes, const Workspace& workspace,
                                                 Catalog& catalog, const PassEncoders& encoders,
                                                 const JobContext& context, const FreeBytes& freeBytes)
{
    const auto fingerprints = usableFingerprints(encoders, passes, context);
    if (!fingerprints)
        return std::nullopt;
    const auto survey = surveyRecords(workspace, catalog, encoders.expectations, *fingerprints, context);
    if (!survey)
        return std::nullopt;
    PreprocessForecast forecast{.passes = {},
                                .folder = workspace.derivedFolder(),
                                .bytesFree = freeBytes(workspace.derivedFolder()),
                                .device = encoders.device,
                                .refusal = {}};
    std::int64_t before = 0;
    for (const auto pass : passes) {
        auto one = forecastPass(pass, *survey, workspace, encoders, context);
        if (!one)
            return std::nullopt;
        estimateTime(*one, catalog.rates(pass, (*fingerprints)[static_cast<std::size_t>(pass)], encoders.device));
        if (forecast.refusal.empty())
            forecast.refusal =
                one->obstacle.empty() ? refusalOf(*one, forecast.folder, forecast.bytesFree, before) : one->obstacle;
        before += one->bytesGrowth.value_or(0);
        forecast.passes.push_back(std::move(*one));
    }
    return forecast;
}

} // namespace nanodit
