#pragma once

/// How DINO features change with resolution. Free of torch types.

#include "core/config/workspace_config.h"
#include "core/dataset/reject.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

/// One picture at its bucket's resolution and at another one.
struct RecordDrift {
    std::string id;
    ImageSize bucket;
    GridSize grid;             ///< Of the bucket.
    GridSize otherGrid;        ///< At the other resolution.
    std::vector<float> cosine; ///< By patch of `grid`, row-major, with what the other resolution gives for its place.
    double mean = 0, lowest = 0;
    double cls = 0; ///< Cosine of the two CLS tokens.
};

struct DriftRequest {
    Workspace workspace;
    double scale = 0.5;                    ///< Side of the other resolution, in sides of the bucket.
    std::vector<std::string> records = {}; ///< Ids; empty: all.
    std::int64_t sample = 0;               ///< As CertifyRequest has it.
    ComputeChoice device = {};
    std::function<void(const RecordDrift&)> onRecord = [](const auto&) {};
    /// Also called for a stopped job, with what it has measured, if anything.
    std::function<void(const struct DriftReport&)> finished = [](const auto&) {};
};

struct BucketDrift {
    std::int64_t records = 0;
    double mean = 0;   ///< Over all patches of all its records.
    double lowest = 1; ///< Mean of the record that drifts most.
    double cls = 0;    ///< Mean.
};

struct DriftReport {
    double scale = 0;
    std::vector<RecordDrift> records; ///< Largest drift first.
    std::map<ImageSize, BucketDrift> buckets;
    std::vector<Reject> left; ///< Records that could not be read, and why.
    std::int64_t asked = 0;   ///< Records that were to be measured.

    std::int64_t lookedAt() const { return static_cast<std::int64_t>(records.size() + left.size()); }
    /// Whether it covers only a part, because the job was stopped.
    bool stopped() const { return lookedAt() < asked; }
};

/// Encodes the same crop of each picture at two resolutions and compares the features, patch by patch: each patch with
/// the mean, by area, of those that lie over it. Writes nothing.
std::unique_ptr<Job> makeDriftJob(DriftRequest request);

} // namespace nanodit
