#include "core/config/workspace_config.h"
#include "core/dataset/certificate.h"
#include "core/dataset/certificate_store.h"
#include "core/dataset/pass.h"
#include "core/geometry/bucket.h"
#include "core/inspect/alignment.h"
#include "core/inspect/certify.h"
#include "core/inspect/jobs.h"
#include "core/inspect/kept_certificates.h"
#include "core/inspect/record_choice.h"
#include "core/inspect/wrong_crops.h"
#include "core/io/float_values.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/io/sha256.h"
#include "core/io/tensor.h"
#include "core/io/unturned_image.h"
#include "core/preprocess/survey.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/runtime/prefetch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

namespace nanodit {

namespace {

constexpr auto kind = ArrayKind::DinoPatches;
/// Records that may be read ahead of the encoder.
constexpr std::size_t recordsAhead = 3;
/// Certificates are kept after so long, so that little is lost when the work is interrupted.
constexpr auto keepEvery = std::chrono::seconds(2);

/// What is read of a record before the encoder sees it.
struct Material {
    Notice problem;    ///< Why it cannot be certified.
    at::Tensor stored; ///< [M, D]
    std::string sha256;
    FileStamp stamp;
    Image bucketImage;
    std::vector<std::pair<std::string, Image>> mistaken;
};

class Certification {
public:
    Certification(const CertifyRequest& request, const PassEncoders& encoders, const JobContext& context)
        : request_(request)
        , workspace_(request.workspace)
        , encoders_(encoders)
        , context_(context)
        , store_(request.workspace)
    {
    }

    JobEnd run()
    {
        if (const auto obstacle = encoders_.obstacle(Pass::Dino); !obstacle.empty())
            throw DataError(obstacle);
        const auto fingerprints = usableFingerprints(encoders_, {Pass::Dino}, context_);
        if (!fingerprints)
            return JobEnd::Cancelled;
        auto catalog = Catalog::open(workspace_);
        auto records = includedRecords(workspace_, catalog);
        const auto included = static_cast<std::int64_t>(records.size());
        const auto chosen = Survey(workspace_, catalog, encoders_.expectations, *fingerprints)
                                .judge(chooseRecords(std::move(records), request_.records, request_.sample), context_);
        if (!chosen)
            return JobEnd::Cancelled;
        report_.notAsked = included - static_cast<std::int64_t>(chosen->size());
        std::vector<const SurveyedRecord*> open;
        for (const auto& entry : *chosen) {
            const auto found = store_.find(entry.record.id);
            const auto now = inputsNow(entry.record, kind, encoders_.expectations, *fingerprints);
            if (const auto problem = obstacleOf(entry); !problem.text.empty())
                report_.left.push_back({entry.record.id, problem.text, problem.remedy});
            else if (!request_.anew && found && stillHolds(*found, fileOf(entry), now))
                note(entry, found->certificate, true);
            else
                open.push_back(&entry);
        }
        ProgressMeter meter(context_, Stage::RecomputingPatches, static_cast<std::int64_t>(chosen->size()),
                            Unit::Records);
        meter.skip(static_cast<std::int64_t>(chosen->size() - open.size()));
        const auto end = certifyAll(open, *fingerprints, meter);
        keep();
        if (end == JobEnd::Cancelled)
            return end;
        sortWorstFirst(report_);
        request_.finished(report_);
        return JobEnd::Finished;
    }

private:
    std::filesystem::path fileOf(const SurveyedRecord& entry) const
    {
        return arrayFile(workspace_, kind, entry.record.id);
    }

    /// Why there is nothing to compare; without a text where there is. Patches that lie on another grid are compared.
    static Notice obstacleOf(const SurveyedRecord& entry)
    {
        if (entry.imageGone)
            return {"the picture " + entry.record.image.string() + " is gone or cannot be read any more"};
        const auto& judgement = entry.array(kind);
        const bool comparable =
            judgement.verdict == ArrayVerdict::Whole || judgement.verdict == ArrayVerdict::Misaligned;
        return comparable ? Notice{} : Notice{judgement.problem, remedyFor(judgement, kind)};
    }

    JobEnd certifyAll(const std::vector<const SurveyedRecord*>& open, const EncoderFingerprints& fingerprints,
                      ProgressMeter& meter)
    {
        if (open.empty())
            return JobEnd::Finished;
        const at::NoGradGuard noGrad;
        const auto encode = encoders_.loadPatch();
        Prefetch<Material> materials(
            open.size(), [&](std::size_t i) { return read(*open[i]); }, 1, recordsAhead);
        for (const auto* const entry : open) {
            if (context_.shouldStop())
                return JobEnd::Cancelled;
            const auto material = materials.take();
            if (const auto& problem = material.problem; !problem.text.empty()) {
                report_.left.push_back({entry->record.id, problem.text, problem.remedy});
            } else {
                const auto recomputed = recompute(*entry, material, encode);
                if (!recomputed)
                    return JobEnd::Cancelled;
                const auto certificate = certifyPatches(material.stored, *recomputed);
                fresh_[entry->record.id] = {.certificate = certificate,
                                            .inputs =
                                                inputsNow(entry->record, kind, encoders_.expectations, fingerprints),
                                            .sha256 = material.sha256,
                                            .stamp = material.stamp};
                note(*entry, certificate, false);
            }
            if (std::chrono::steady_clock::now() - kept_ > keepEvery)
                keep();
            meter.advance();
        }
        return JobEnd::Finished;
    }

    /// Any thread.
    Material read(const SurveyedRecord& entry) const
    {
        Material material;
        try {
            const auto file = fileOf(entry);
            const auto stamp = stampOf(file);
            material.sha256 = sha256OfFile(file);
            const auto array = readNpy(file);
            if (!allFinite(array))
                throw DataError(judgeContents(file, entry.array(kind)).problem,
                                remedy::RunPasses{.pass = Pass::Dino, .setsAside = true});
            material.stored = floatCopyOf(array);
            if (!stamp || stampOf(file) != stamp)
                throw DataError(file.string() + " was changed while it was being read: certify again");
            material.stamp = *stamp;
            const auto original = readImage(entry.record.image);
            const auto bucket = entry.record.bucket;
            material.bucketImage = makeBucketImage(original, bucket);
            const auto grid = dinoGrid(bucket, patchSize());
            for (const auto& crop : wrongCropsOfBucketSize(original.size, bucket, grid))
                material.mistaken.emplace_back(crop.name, resampleBox(original, crop.box, crop.size));
            addUnturned(material, entry.record);
            const auto old = oldCentreCropOf(original.size);
            if (dinoGrid(old.size, patchSize()).count() == material.stored.size(0))
                material.mistaken.emplace_back(old.name, resampleBox(original, old.box, old.size));
        } catch (const std::exception& error) { // whatever one record does, it must not end the work
            material.problem = noticeOf(error);
        }
        return material;
    }

    /// What a program would have encoded that does not know of EXIF rotation: in the record's bucket, and in the one
    /// that it would have chosen where that has as many patches.
    void addUnturned(Material& material, const Record& record) const
    {
        const auto unturned = readImageUnturned(record.image);
        if (!unturned)
            return;
        const std::string name = "read without its EXIF rotation";
        material.mistaken.emplace_back(name, makeBucketImage(*unturned, record.bucket));
        const auto chosen = nearestBucket(unturned->size, workspace_.config.buckets);
        if (chosen != record.bucket && dinoGrid(chosen, patchSize()).count() == material.stored.size(0))
            material.mistaken.emplace_back(name + ", in the bucket " + bucketName(chosen),
                                           makeBucketImage(*unturned, chosen));
    }

    /// Empty when stopped.
    std::optional<RecomputedPatches> recompute(const SurveyedRecord& entry, const Material& material,
                                               const PatchEncoder& encode) const
    {
        const auto patchesOf = [&](const Image& image) {
            const auto features = encode({image}, context_);
            return features.patches.defined() ? features.patches[0].to(at::kCPU).to(at::kFloat) : at::Tensor();
        };
        RecomputedPatches recomputed{.grid = dinoGrid(entry.record.bucket, patchSize()),
                                     .truth = patchesOf(material.bucketImage),
                                     .mistaken = {},
                                     .registers = encoders_.dinoRegisters};
        for (const auto& [name, image] : material.mistaken) {
            if (context_.shouldStop())
                return std::nullopt;
            recomputed.mistaken.emplace_back(name, patchesOf(image));
            if (!recomputed.mistaken.back().second.defined())
                return std::nullopt;
        }
        if (!recomputed.truth.defined())
            return std::nullopt;
        return recomputed;
    }

    void note(const SurveyedRecord& entry, const AlignmentCertificate& certificate, bool kept)
    {
        const RecordCertificate one = {
            .id = entry.record.id, .bucket = entry.record.bucket, .certificate = certificate, .kept = kept};
        request_.onCertificate(one);
        addCertificate(report_, one);
    }

    void keep()
    {
        store_.put(fresh_);
        fresh_.clear();
        kept_ = std::chrono::steady_clock::now();
    }

    std::int64_t patchSize() const { return encoders_.expectations.patchSize.value_or(16); }

    const CertifyRequest& request_;
    const Workspace& workspace_;
    const PassEncoders& encoders_;
    const JobContext& context_;
    CertificateStore store_;
    CertifyReport report_;
    std::map<std::string, StoredCertificate> fresh_;
    std::chrono::steady_clock::time_point kept_ = std::chrono::steady_clock::now();
};

} // namespace

void CosineHistogram::add(double cosine)
{
    const auto position = (cosine - low) / (high - low) * static_cast<double>(bins.size());
    ++bins[static_cast<std::size_t>(std::clamp(position, 0., static_cast<double>(bins.size() - 1)))];
}

bool CertifyReport::sound() const
{
    return left.empty() && std::ranges::all_of(certificates, [](const RecordCertificate& one) {
               return one.certificate.verdict == AlignmentVerdict::True;
           });
}

std::unique_ptr<Job> makeCertifyJobWith(CertifyRequest request, PassEncoders encoders)
{
    return makeJob([request = std::move(request), encoders = std::move(encoders)](const JobContext& context) {
        return Certification(request, encoders, context).run();
    });
}

std::unique_ptr<Job> makeCertifyJob(CertifyRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        const auto encoders = encodersOf(request.workspace, makeCompute(request.device));
        return Certification(request, encoders, context).run();
    });
}

std::map<std::string, AlignmentCertificate> certificates(const Workspace& workspace)
{
    std::map<std::string, AlignmentCertificate> found;
    const auto stored = CertificateStore(workspace).all();
    if (stored.empty())
        return found;
    const JobContext context;
    const auto encoders = encodersOf(workspace);
    const auto fingerprints = *usableFingerprints(encoders, {Pass::Dino}, context);
    auto catalog = Catalog::open(workspace);
    for (const auto& record : catalog.records()) {
        const auto one = stored.find(record.id);
        if (one != stored.end() && stillHolds(one->second, arrayFile(workspace, kind, record.id),
                                              inputsNow(record, kind, encoders.expectations, fingerprints)))
            found.emplace(record.id, one->second.certificate);
    }
    return found;
}

} // namespace nanodit
