#include "core/dataset/catalog_part.h"
#include "core/dataset/certificate_store.h"
#include "core/dataset/loss_mask.h"
#include "core/dataset/shard_merge.h"
#include "core/dataset/shard_writer.h"
#include "core/io/float_values.h"
#include "core/io/json_fault.h"
#include "core/io/npy.h"
#include "core/preprocess/jobs.h"
#include "core/preprocess/survey.h"
#include "core/preprocess/text_padding.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

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

/// The gravest reason among a record's arrays, and what there is to say of it.
std::pair<Skip, Notice> skipFor(const SurveyedRecord& entry)
{
    std::pair<Skip, Notice> first = {Skip::None, {}};
    for (const auto kind : allArrays) {
        const auto& judgement = entry.arrays[static_cast<std::size_t>(kind)];
        const auto skip = skipFor(judgement.verdict);
        if (skip != Skip::None && (first.first == Skip::None || skip < first.first))
            first = {skip, {judgement.problem, remedyFor(judgement, kind)}};
    }
    return first;
}

class Packing {
public:
    Packing(const ShardRequest& request, const PassEncoders& encoders, const JobContext& context)
        : request_(request)
        , workspace_(request.workspace)
        , encoders_(encoders)
        , context_(context)
        , padding_(workspace_, encoders_)
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
        const auto splits = catalog.splits();
        if (splits.empty() && share.isWhole())
            throw noRecordsLeft(workspace_, catalog);
        certificates_.emplace(catalog);
        // All at once: a set that is in the way is told before the first one is packed.
        const auto folder = share.isWhole() ? workspace_.shardsFolder() : beginRankShards(workspace_, share);
        for (const auto& split : splits)
            begin(split, folder);
        const auto take = [&](std::span<SurveyedRecord> entries) {
            for (auto& entry : entries) {
                if (context_.shouldStop())
                    return;
                if (!sets_.contains(entry.record.split)) // somebody gave it a new one meanwhile
                    begin(entry.record.split, folder);
                pack(entry, sets_.at(entry.record.split));
            }
        };
        if (!Survey(workspace_, catalog, encoders_.expectations, fingerprints_)
                 .visit(Survey::Of::Included, context_, take, Stage::PackingShards))
            return JobEnd::Cancelled;
        certificates_.reset(); // before the catalog
        finish();
        if (part) {
            endRankShards(workspace_, share, request_.overwrite);
            part->close();
        }
        request_.finished(report_);
        return JobEnd::Finished;
    }

private:
    struct Set {
        std::unique_ptr<ShardSetWriter> writer;
        ShardSetReport report;
    };

    void begin(const std::string& split, const std::filesystem::path& folder)
    {
        if (!request_.overwrite && std::filesystem::exists(workspace_.shardsFolder() / split))
            throw StoreError((workspace_.shardsFolder() / split).string() + " exists already",
                             remedy::PackShards{.replace = true});
        sets_[split] = {.writer =
                            std::make_unique<ShardSetWriter>(folder, split,
                                                             ShardSetWriter::Options{.shardSize = request_.shardSize,
                                                                                     .overwrite = request_.overwrite,
                                                                                     .encoders = encodersJson()}),
                        .report = {.set = split, .skipped = {}}};
    }

    void pack(SurveyedRecord& entry, Set& set)
    {
        const auto& id = entry.record.id;
        const auto note = [&](const std::string& record, Skip skip, const Notice& reason) {
            count(set.report, skip);
            set.report.skipped.push_back({record, reason.text, reason.remedy});
        };
        if (const auto [skip, reason] = skipFor(entry); skip != Skip::None)
            return note(id, skip, reason);
        ShardSample sample;
        sample.id = id;
        sample.bucket = entry.record.bucket;
        for (const auto kind : allArrays) {
            const auto file = arrayFile(workspace_, kind, id);
            try {
                const auto array = readNpy(file);
                if (!allFinite(array)) {
                    const auto judgement = judgeContents(file, entry.array(kind));
                    return note(id, Skip::Nonfinite, {judgement.problem, remedyFor(judgement, kind)});
                }
                place(sample, kind, array);
            } catch (const DataError& error) {
                return note(id, Skip::Incomplete, noticeOf(error));
            }
        }
        try {
            sample.text.shape[0] = padding_.validRows(entry.record, sample.text.shape[0]);
        } catch (const DataError& error) {
            return note(id, Skip::Incomplete, noticeOf(error));
        }
        if (const auto mask = lossMasks_.of(entry.record.image); !mask.empty()) {
            try { // Leaving a mask out would train on what somebody painted out.
                sample.lossMask = lossMask(mask, entry.record.original, entry.record.bucket,
                                           {.rows = sample.latent.shape.at(1), .cols = sample.latent.shape.at(2)});
            } catch (const DataError& error) {
                return note(id, Skip::Incomplete, noticeOf(error));
            }
            ++set.report.masked;
        }
        sample.patchGrid = gridOf(entry.record.bucket, sample.patches.shape[0]);
        sample.info = infoOf(entry.record, sample);
        if (const auto certificate = certificateOf(entry.record)) {
            if (certificate->verdict == AlignmentVerdict::Misaligned)
                return note(
                    id, Skip::Misaligned,
                    {arrayFile(workspace_, ArrayKind::DinoPatches, id).string() + " is " + certificate->sentence(),
                     remedy::RemakeArray{Pass::Dino}});
            sample.info["certificate"] = summaryOf(*certificate);
        }
        try {
            set.writer->add(sample);
            if (entry.imageGone && ++withoutPicture_ == 1)
                firstWithoutPicture_ = id;
        } catch (const DataError& error) {
            note(id, Skip::Misaligned, noticeOf(error));
        }
    }

    /// Empty where none holds.
    std::optional<AlignmentCertificate> certificateOf(const Record& record) const
    {
        const auto found = certificates_->find(record.id);
        const bool holds =
            found && stillHolds(*found, arrayFile(workspace_, ArrayKind::DinoPatches, record.id),
                                inputsNow(record, ArrayKind::DinoPatches, encoders_.expectations, fingerprints_));
        return holds ? std::optional(found->certificate) : std::nullopt;
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
        auto info = valueOfJson<json>(record.extra, "what else the catalog has of " + record.id);
        info.erase("certificate"); // a foreign field of a name that has a meaning in shards
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

    static void count(ShardSetReport& set, Skip skip)
    {
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
    void finish()
    {
        std::int64_t samples = 0;
        std::string firstReason;
        for (const auto& [split, set] : sets_) {
            samples += set.writer->samples();
            if (firstReason.empty() && !set.report.skipped.empty())
                firstReason = set.report.skipped.front().reason;
        }
        if (samples == 0 && request_.share.isWhole())
            throw DataError("no record of the workspace " + workspace_.root.string() +
                                " has all of its arrays, so nothing can be packed; the first reason is: " + firstReason,
                            remedy::RunPasses{});
        for (auto& [split, set] : sets_) {
            if (set.writer->samples() == 0) {
                context_.warn("the set " + split + " was not packed: none of its records is complete");
            } else {
                const auto summary = set.writer->finish();
                set.report.samples = summary.samples;
                set.report.shards = summary.shards;
            }
            report_.sets.push_back(std::move(set.report));
        }
        if (withoutPicture_ > 0)
            context_.warn(std::to_string(withoutPicture_) + (withoutPicture_ == 1 ? " sample was" : " samples were") +
                          " packed of which the picture is gone (" + firstWithoutPicture_ +
                          (withoutPicture_ == 1 ? ")" : "...)") +
                          ": exclude the records, which is:problem finds, if they were to go with their pictures");
    }

    const ShardRequest& request_;
    const Workspace& workspace_;
    const PassEncoders& encoders_;
    const JobContext& context_;
    TextPadding padding_;
    EncoderFingerprints fingerprints_;
    std::optional<CertificateStore> certificates_;
    LossMasks lossMasks_;
    std::map<std::string, Set> sets_; ///< By split.
    std::int64_t withoutPicture_ = 0;
    std::string firstWithoutPicture_;
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
