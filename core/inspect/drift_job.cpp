#include "core/geometry/bucket.h"
#include "core/inspect/drift.h"
#include "core/inspect/jobs.h"
#include "core/inspect/record_choice.h"
#include "core/io/image.h"
#include "core/preprocess/survey.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/runtime/prefetch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace nanodit {

namespace {

/// Share of cell i, of `fine` along a side, that cell j of `coarse` covers: rows sum to 1. [fine, coarse]
at::Tensor overlaps(std::int64_t fine, std::int64_t coarse)
{
    const auto shares = at::zeros({fine, coarse}, at::kFloat);
    const auto one = static_cast<double>(fine), other = static_cast<double>(coarse);
    for (std::int64_t i = 0; i < fine; ++i) {
        for (std::int64_t j = 0; j < coarse; ++j) {
            const auto a = static_cast<double>(i), b = static_cast<double>(j);
            const double shared = std::min((a + 1) / one, (b + 1) / other) - std::max(a / one, b / other);
            if (shared > 0)
                shares[i][j] = shared * one;
        }
    }
    return shares;
}

/// Features of one grid as means over the cells of another, by area. [rows * cols, D] -> [target.count(), D]
at::Tensor resampled(const at::Tensor& patches, GridSize grid, GridSize target)
{
    const auto field = patches.view({grid.rows, -1});                                        // [r, c * D]
    const auto rows = at::matmul(overlaps(target.rows, grid.rows), field)                    // [R, c * D]
                          .view({target.rows, grid.cols, -1});                               // [R, c, D]
    return at::matmul(overlaps(target.cols, grid.cols), rows).reshape({target.count(), -1}); // [R, C, D]
}

struct Pair {
    Notice problem;
    Image image, other;
};

class DriftMeter {
public:
    DriftMeter(const DriftRequest& request, const PassEncoders& encoders, const JobContext& context)
        : request_(request)
        , encoders_(encoders)
        , context_(context)
        , patchSize_(encoders.expectations.patchSize.value_or(16))
    {
        report_.scale = request.scale;
    }

    JobEnd run()
    {
        if (!(request_.scale > 0 && request_.scale <= 4) || request_.scale == 1)
            throw UsageError("the other resolution must be above 0 and at most 4 times the bucket's, and not the same");
        if (const auto obstacle = encoders_.obstacle(Pass::Dino); !obstacle.empty())
            throw DataError(obstacle);
        auto catalog = Catalog::open(request_.workspace);
        const auto records =
            chooseRecords(includedRecords(request_.workspace, catalog), request_.records, request_.sample);
        const auto surveyed = Survey(request_.workspace, catalog, encoders_.expectations, {}).judge(records, context_);
        if (!surveyed)
            return JobEnd::Cancelled;
        report_.asked = static_cast<std::int64_t>(surveyed->size());
        const at::NoGradGuard noGrad;
        const auto encode = encoders_.loadPatch();
        ProgressMeter meter(context_, Stage::ComparingResolutions, report_.asked, Unit::Records);
        Prefetch<Pair> pairs(
            surveyed->size(), [&](std::size_t i) { return read((*surveyed)[i].record); }, 1, 3);
        for (const auto& entry : *surveyed) {
            if (context_.shouldStop())
                return stop();
            const auto& record = entry.record;
            const auto pair = pairs.take();
            if (const auto& problem = pair.problem; !problem.text.empty()) {
                report_.left.push_back({record.id, problem.text, problem.remedy});
            } else {
                const auto drift = measure(record, pair, encode);
                if (!drift)
                    return stop();
                note(*drift);
            }
            meter.advance();
        }
        finish();
        return JobEnd::Finished;
    }

private:
    ImageSize otherSize(ImageSize bucket) const
    {
        const auto scaled = [this](std::int64_t side) {
            return static_cast<std::int64_t>(std::llround(static_cast<double>(side) * request_.scale));
        };
        return dinoInputSize({.width = scaled(bucket.width), .height = scaled(bucket.height)}, patchSize_);
    }

    /// Any thread.
    Pair read(const Record& record) const
    {
        Pair pair;
        try {
            const auto original = readImage(record.image);
            pair.image = makeBucketImage(original, record.bucket);
            pair.other = resampleBox(original, bucketCrop(original.size, record.bucket), otherSize(record.bucket));
        } catch (const std::exception& error) { // whatever one picture does, it must not end the work
            pair.problem = noticeOf(error);
        }
        return pair;
    }

    /// Empty when stopped.
    std::optional<RecordDrift> measure(const Record& record, const Pair& pair, const PatchEncoder& encode) const
    {
        const auto here = encode({pair.image}, context_);
        if (!here.patches.defined() || context_.shouldStop())
            return std::nullopt;
        const auto there = encode({pair.other}, context_);
        if (!there.patches.defined())
            return std::nullopt;
        RecordDrift drift{.id = record.id,
                          .bucket = record.bucket,
                          .grid = dinoGrid(record.bucket, patchSize_),
                          .otherGrid = dinoGrid(pair.other.size, patchSize_),
                          .cosine = {}};
        const auto floats = [](const at::Tensor& tensor) { return tensor[0].to(at::kCPU).to(at::kFloat); };
        const auto counterparts = resampled(floats(there.patches), drift.otherGrid, drift.grid);
        const auto cosine = at::cosine_similarity(floats(here.patches), counterparts, -1).contiguous();
        drift.cosine.assign(cosine.data_ptr<float>(), cosine.data_ptr<float>() + cosine.numel());
        drift.mean = cosine.mean().item<double>();
        drift.lowest = cosine.min().item<double>();
        drift.cls = at::cosine_similarity(floats(here.cls), floats(there.cls), -1).item<double>();
        return drift;
    }

    void note(const RecordDrift& drift)
    {
        auto& bucket = report_.buckets[drift.bucket];
        ++bucket.records;
        bucket.mean += drift.mean;
        bucket.cls += drift.cls;
        bucket.lowest = std::min(bucket.lowest, drift.mean);
        request_.onRecord(drift);
        report_.records.push_back(drift);
    }

    JobEnd stop()
    {
        if (report_.lookedAt() > 0)
            finish();
        return JobEnd::Cancelled;
    }

    void finish()
    {
        for (auto& [size, bucket] : report_.buckets) {
            bucket.mean /= static_cast<double>(bucket.records);
            bucket.cls /= static_cast<double>(bucket.records);
        }
        std::ranges::stable_sort(report_.records, {}, &RecordDrift::mean);
        request_.finished(report_);
    }

    const DriftRequest& request_;
    const PassEncoders& encoders_;
    const JobContext& context_;
    std::int64_t patchSize_;
    DriftReport report_;
};

} // namespace

std::unique_ptr<Job> makeDriftJobWith(DriftRequest request, PassEncoders encoders)
{
    return makeJob([request = std::move(request), encoders = std::move(encoders)](const JobContext& context) {
        return DriftMeter(request, encoders, context).run();
    });
}

std::unique_ptr<Job> makeDriftJob(DriftRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        const auto encoders = encodersOf(request.workspace, makeCompute(request.device));
        return DriftMeter(request, encoders, context).run();
    });
}

} // namespace nanodit
