#include "core/preprocess/pass_forecast.h"

#include "core/io/npy.h"
#include "core/io/size_text.h"
#include "core/preprocess/jobs.h"
#include "core/preprocess/pass_plan.h"
#include "core/preprocess/pass_store.h"
#include "core/runtime/parallel.h"

#include <algorithm>
#include <limits>
#include <span>
#include <sys/statvfs.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Files take whole blocks; nearly every file system has them of this size.
constexpr std::int64_t blockBytes = 4096;

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
        duty.reads = duty.reads || judgement.isUnread();
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
        forecast.bytesGrowth = growth_ + std::min(replaced_, std::int64_t{filesWrittenAtOnce}) * largest_;
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

/// What one pass would do, counted record by record.
class PassCount {
public:
    PassCount(Pass pass, const Workspace& workspace, const PassEncoders& encoders)
        : pass_(pass)
        , bytes_(workspace, encoders.expectations)
        , tokens_(encoders)
    {
        forecast_.pass = pass;
        forecast_.obstacle = encoders.obstacle(pass);
    }

    void add(std::span<const SurveyedRecord> part)
    {
        std::vector<const SurveyedRecord*> due;
        std::vector<const std::string*> captions;
        for (const auto& entry : part) {
            if (!isDue(entry))
                continue;
            due.push_back(&entry);
            captions.push_back(&entry.record.caption);
        }
        const auto tokens = pass_ == Pass::T5 ? tokens_.of(captions) : std::vector<std::int64_t>();
        for (std::size_t i = 0; i < due.size(); ++i)
            bytes_.make(*due[i], pass_, tokens.empty() ? std::nullopt : std::optional(tokens[i]));
    }

    PassForecast forecast(const std::map<std::string, PassRate>& rates)
    {
        bytes_.tell(forecast_);
        estimateTime(forecast_, rates);
        return std::move(forecast_);
    }

private:
    bool isDue(const SurveyedRecord& entry)
    {
        auto duty = dutyOf(entry, pass_);
        if (duty.whole) {
            ++(duty.reads ? forecast_.toRead : forecast_.whole);
            bytes_.keep(entry, pass_);
            return false;
        }
        ++(duty.verdict == ArrayVerdict::Missing ? forecast_.missing
           : duty.verdict == ArrayVerdict::Stale ? forecast_.stale
                                                 : forecast_.wrong);
        if (duty.verdict == ArrayVerdict::Stale) {
            for (const auto& change : duty.changes)
                ++forecast_.staleBecause[change.input];
        }
        if (entry.imageGone && pass_ != Pass::T5) {
            ++forecast_.unreadable;
            duty.why += "; its picture is missing";
        }
        ++forecast_.buckets[bucketKey(pass_, entry.record)];
        forecast_.due.push_back({entry.record.id, std::move(duty.why)});
        return true;
    }

    Pass pass_;
    PassForecast forecast_;
    ByteCount bytes_;
    TokenCounts tokens_;
};

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

std::vector<std::int64_t> TokenCounts::of(const std::vector<const std::string*>& captions)
{
    if (captions.empty() || !encoders_.loadTokenCount)
        return {};
    if (!count_)
        count_ = encoders_.loadTokenCount();
    std::vector<std::int64_t> tokens(captions.size());
    forEachParallel(captions.size(), [&](std::size_t i) {
        tokens[i] = std::min(count_(*captions[i]), encoders_.expectations.textTokens);
    });
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
           "; free some space, or set folders.derived in workspace.yaml to a larger disk";
}

std::optional<PreprocessForecast> forecastPasses(const std::vector<Pass>& passes, const Workspace& workspace,
                                                 Catalog& catalog, const PassEncoders& encoders,
                                                 const JobContext& context, const FreeBytes& freeBytes)
{
    const auto fingerprints = usableFingerprints(encoders, passes, context);
    if (!fingerprints)
        return std::nullopt;
    std::vector<PassCount> counts;
    for (const auto pass : passes)
        counts.emplace_back(pass, workspace, encoders);
    const auto take = [&](std::span<const SurveyedRecord> part) {
        for (auto& count : counts)
            count.add(part);
    };
    if (!Survey(workspace, catalog, encoders.expectations, *fingerprints).visit(Survey::Of::Included, context, take))
        return std::nullopt;
    PreprocessForecast forecast{.passes = {},
                                .folder = workspace.derivedFolder(),
                                .bytesFree = freeBytes(workspace.derivedFolder()),
                                .device = encoders.device,
                                .refusal = {}};
    std::int64_t before = 0;
    for (std::size_t i = 0; i < passes.size(); ++i) {
        auto one = counts[i].forecast(
            catalog.rates(passes[i], (*fingerprints)[static_cast<std::size_t>(passes[i])], encoders.device));
        if (forecast.refusal.empty())
            forecast.refusal =
                one.obstacle.empty() ? refusalOf(one, forecast.folder, forecast.bytesFree, before) : one.obstacle;
        before += one.bytesGrowth.value_or(0);
        forecast.passes.push_back(std::move(one));
    }
    return forecast;
}

} // namespace nanodit
