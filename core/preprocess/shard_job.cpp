#include "core/dataset/catalog_part.h"
#include "core/dataset/certificate_store.h"
#include "core/dataset/shard_merge.h"
#include "core/dataset/shard_writer.h"
#include "core/io/float_values.h"
#include "core/io/npy.h"
#include "core/preprocess/jobs.h"
#include "core/preprocess/survey.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace nanodit {

namespace {

using nlohmann::json;

/// Why a record cannot be packed, in the order in which reasons are looked for.
enum class Skip { None, Incomplete, Misaligned, Stale, Nonfinite };

Skip skipFor(ArrayVerdict verdict)
{
    switch (verdict) {
    case ArrayVerdict::Whole:
        return Skip::None;
    case ArrayVerdict::Missing:
    case ArrayVerdict::Unreadable:
        return Skip::Incomplete;
    case ArrayVerdict::Misaligned:
    case ArrayVerdict::WrongShape:
        return Skip::Misaligned;
    case ArrayVerdict::Stale:
        return Skip::Stale;
    case ArrayVerdict::Nonfinite:
        return Skip::Nonfinite;
    }
    return Skip::Incomplete;
}

/// The gravest reason among a record's arrays, and its sentence.
std::pair<Skip, std::string> skipFor(const SurveyedRecord& entry)
{
    std::pair<Skip, std::string> first = {Skip::None, {}};
    for (const auto& judgement : entry.arrays) {
        const auto skip = skipFor(judgement.verdict);
        if (skip != Skip::None && (first.first == Skip::None || skip < first.first))
            first = {skip, judgement.problem};
    }
    return first;
}

/// Leading non-zero elements of a mask, which must be all of its non-zero ones.
std::int64_t validTokens(const Array& mask, const std::filesystem::path& file, std::int64_t tokens)
{
    const auto plain = inRowMajorOrder(mask);
    const auto width = static_cast<std::size_t>(bytesPerElement(mask.dtype));
    std::int64_t valid = 0;
    bool prefix = mask.elements() == tokens;
    for (std::int64_t i = 0; prefix && i < tokens; ++i) {
        const auto element = plain.bytes.subspan(static_cast<std::size_t>(i) * width, width);
        if (std::ranges::all_of(element, [](std::byte byte) { return byte == std::byte{}; }))
            continue;
        prefix = valid == i;
        ++valid;
    }
    if (!prefix || valid == 0)
        throw DataError(
            file.string() + " is no text mask of " + std::to_string(tokens) +
            " tokens, ones first and zeros behind them: remove it, or run \"nanodit preprocess --pass-filter t5\"");
    return valid;
}

class Packing {
public:
    Packing(const ShardRequest& request, const PassEncoders& encoders, const JobContext& context)
        : request_(request)
        , workspace_(request.workspace)
        , encoders_(encoders)
        , context_(context)
    {
    }

    JobEnd run()
    {
        const auto& share = request_.share;
        std::optional<Catalog> whole;
        std::optional<CatalogPart> part;
        auto& catalog =
            share.isWhole() ? whole.emplace(Catalog::open(workspace_)) : part.emplace(workspace_, share).catalog();
        auto fingerprints = usableFingerprints(encoders_, {Pass::T5, Pass::Vae, Pass::Dino}, context_);
        if (!fingerprints)
            return JobEnd::Cancelled;
        fingerprints_ = std::move(*fingerprints);
        auto survey = surveyRecords(workspace_, catalog, encoders_.expectations, fingerprints_, context_);
        if (!survey)
            return JobEnd::Cancelled;
        if (survey->empty() && share.isWhole())
            throw DataError("the workspace " + workspace_.root.string() +
                            " has no records yet: add pictures with \"nanodit import FOLDER\"");
        certificates_ = CertificateStore(catalog).all();
        std::map<std::string, std::vector<SurveyedRecord*>> splits;
        for (auto& entry : *survey)
            splits[entry.record.split].push_back(&entry);
        // All at once: a set that is in the way is told before the first one is packed.
        const auto folder = share.isWhole() ? workspace_.shardsFolder() : beginRankShards(workspace_, share);
        std::map<std::string, std::unique_ptr<ShardSetWriter>> writers;
        for (const auto& [split, entries] : splits) {
            if (!request_.overwrite && std::filesystem::exists(workspace_.shardsFolder() / split))
                throw StoreError((workspace_.shardsFolder() / split).string() +
                                 " exists already; pass --overwrite to pack it anew");
            writers[split] = std::make_unique<ShardSetWriter>(folder, split,
                                                              ShardSetWriter::Options{.shardSize = request_.shardSize,
                                                                                      .overwrite = request_.overwrite,
                                                                                      .encoders = encodersJson()});
        }
        ProgressMeter meter(context_, "shard: packing", static_cast<std::int64_t>(survey->size()), "records");
        for (const auto& [split, entries] : splits) {
            report_.sets.push_back({.set = split, .skipped = {}});
            for (auto* const entry : entries) {
                if (context_.shouldStop())
                    return JobEnd::Cancelled;
                pack(*entry, *writers[split]);
                meter.advance();
            }
        }
        finish(writers);
        if (part) {
            endRankShards(workspace_, share, request_.overwrite);
            part->close();
        }
        request_.finished(report_);
        return JobEnd::Finished;
    }

private:
    void pack(SurveyedRecord& entry, ShardSetWriter& writer)
    {
        const auto& id = entry.record.id;
        if (const auto [skip, reason] = skipFor(entry); skip != Skip::None)
            return note(id, skip, reason);
        ShardSample sample;
        sample.id = id;
        sample.bucket = entry.record.bucket;
        for (const auto kind : allArrays) {
            const auto file = arrayFile(workspace_, kind, id);
            try {
                const auto array = readNpy(file);
                if (!allFinite(array))
                    return note(id, Skip::Nonfinite, judgeContents(file, kind, entry.array(kind)).problem);
                place(sample, kind, array);
            } catch (const DataError& error) {
                return note(id, Skip::Incomplete, error.what());
            }
        }
        try {
            leaveOutPadding(sample.text, entry.record);
        } catch (const DataError& error) {
            return note(id, Skip::Incomplete, error.what());
        }
        sample.patchGrid = gridOf(entry.record.bucket, sample.patches.shape[0]);
        sample.info = infoOf(entry.record, sample);
        if (const auto* const certificate = certificateOf(entry.record)) {
            if (certificate->verdict == AlignmentVerdict::Misaligned)
                return note(
                    id, Skip::Misaligned,
                    arrayFile(workspace_, ArrayKind::DinoPatches, id).string() + " is " + certificate->sentence() +
                        "; remove it and run \"nanodit preprocess --pass-filter dinov3\", which makes it again");
            sample.info["certificate"] = summaryOf(*certificate);
        }
        try {
            writer.add(sample);
        } catch (const DataError& error) {
            note(id, Skip::Misaligned, error.what());
        }
    }

    /// Other pipelines store text padded to its full length: by a mask in data/derived/t5_mask, or else by the
    /// caption's own length, the rows behind the valid tokens are left out. Text that was made here has none.
    void leaveOutPadding(Array& text, const Record& record)
    {
        if (text.shape[0] != encoders_.expectations.textTokens)
            return;
        std::int64_t valid = text.shape[0];
        const auto maskFile = workspace_.derivedFolder() / "t5_mask" / (record.id + ".npy");
        if (std::filesystem::exists(maskFile)) {
            valid = validTokens(readNpy(maskFile), maskFile, text.shape[0]);
        } else if (encoders_.loadTokenCount) {
            if (!tokenCount_)
                tokenCount_ = encoders_.loadTokenCount();
            valid = tokenCount_(record.caption);
        }
        text.shape[0] = std::min(text.shape[0], valid);
    }

    /// Null where none holds.
    const AlignmentCertificate* certificateOf(const Record& record) const
    {
        const auto found = certificates_.find(record.id);
        const bool holds = found != certificates_.end() &&
                           stillHolds(found->second, arrayFile(workspace_, ArrayKind::DinoPatches, record.id),
                                      inputsNow(record, ArrayKind::DinoPatches, encoders_.expectations, fingerprints_));
        return holds ? &found->second.certificate : nullptr;
    }

    static json summaryOf(const AlignmentCertificate& certificate)
    {
        json summary = {{"verdict", verdictName(certificate.verdict)},
                        {"cosine", certificate.cosine},
                        {"largest_difference", certificate.largestDifference}};
        if (!certificate.alternatives.empty())
            summary["best_alternative"] = {{"name", certificate.alternatives.front().name},
                                           {"cosine", certificate.alternatives.front().cosine}};
        return summary;
    }

    static void place(ShardSample& sample, ArrayKind kind, const Array& array)
    {
        switch (kind) {
        case ArrayKind::T5:
            sample.text = array;
            break;
        case ArrayKind::Vae:
            sample.latent = array;
            break;
        case ArrayKind::DinoCls:
            sample.cls = array;
            break;
        case ArrayKind::DinoPatches:
            sample.patches = array;
            break;
        }
    }

    /// Patches were judged to fit one of the grids that are possible.
    GridSize gridOf(ImageSize bucket, std::int64_t patches) const
    {
        for (const auto patchSize : {encoders_.expectations.patchSize.value_or(16), std::int64_t{14}}) {
            if (const auto grid = dinoGrid(bucket, patchSize); grid.count() == patches)
                return grid;
        }
        return {};
    }

    json infoOf(const Record& record, const ShardSample& sample) const
    {
        json info = json::parse(record.extra);
        info["caption"] = record.caption;
        info["split"] = record.split;
        info["aspect_bucket"] = bucketName(record.bucket);
        info["original_size"] = {record.original.width, record.original.height};
        info["patch_grid"] = {sample.patchGrid.rows, sample.patchGrid.cols};
        info["encoders"] = encodersJson();
        return info;
    }

    json encodersJson() const
    {
        json encoders = json::object();
        for (const auto& [pass, name] : {std::pair(Pass::Dino, "dino"), {Pass::T5, "t5"}, {Pass::Vae, "vae"}}) {
            const auto& fingerprint = fingerprints_[static_cast<std::size_t>(pass)];
            if (!fingerprint.empty())
                encoders[name] = {{"fingerprint", fingerprint}};
        }
        if (encoders.contains("dino") && encoders_.expectations.patchSize)
            encoders["dino"]["patch_size"] = *encoders_.expectations.patchSize;
        return encoders;
    }

    void note(const std::string& id, Skip skip, const std::string& reason)
    {
        auto& set = report_.sets.back();
        set.skipped.push_back({id, reason});
        switch (skip) {
        case Skip::None:
            break;
        case Skip::Incomplete:
            ++set.skippedIncomplete;
            break;
        case Skip::Misaligned:
            ++set.skippedMisaligned;
            break;
        case Skip::Stale:
            ++set.skippedStale;
            break;
        case Skip::Nonfinite:
            ++set.skippedNonfinite;
            break;
        }
    }

    /// Sets without a whole sample are not written; one of that name that is there stays.
    void finish(std::map<std::string, std::unique_ptr<ShardSetWriter>>& writers)
    {
        std::int64_t samples = 0;
        for (const auto& [split, writer] : writers)
            samples += writer->samples();
        if (samples == 0 && request_.share.isWhole())
            throw DataError(
                "no record of the workspace " + workspace_.root.string() +
                " is whole, so nothing can be packed: " + "run \"nanodit preprocess\" first; the first reason is: " +
                report_.sets.front().skipped.front().reason);
        for (auto& set : report_.sets) {
            auto& writer = *writers[set.set];
            if (writer.samples() == 0) {
                context_.warn("the set " + set.set + " was not packed: none of its records is whole");
                continue;
            }
            const auto summary = writer.finish();
            set.samples = summary.samples;
            set.shards = summary.shards;
        }
    }

    const ShardRequest& request_;
    const Workspace& workspace_;
    const PassEncoders& encoders_;
    const JobContext& context_;
    EncoderFingerprints fingerprints_;
    std::map<std::string, StoredCertificate> certificates_;
    std::function<std::int64_t(const std::string&)> tokenCount_;
    ShardReport report_;
};

} // namespace

std::unique_ptr<Job> makeShardJobWith(ShardRequest request, PassEncoders encoders)
{
    return makeJob([request = std::move(request), encoders = std::move(encoders)](const JobContext& context) {
        return Packing(request, encoders, context).run();
    });
}

std::unique_ptr<Job> makeShardJob(ShardRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        const auto encoders = encodersOf(request.workspace);
        return Packing(request, encoders, context).run();
    });
}

} // namespace nanodit
