#pragma once

#include "core/config/model_config.h"
#include "core/config/workspace_config.h"
#include "core/io/image.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"
#include "core/sample/guidance_plane.h"
#include "core/sample/guidance_step.h"
#include "core/sample/sample_request.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

struct SamplePreview {
    std::int64_t step = 0, steps = 0;
    Image picture;
};
struct SampleResult {
    Image picture;
    PngText settings; ///< Written into the PNG; sampleRequestFromPng restores it.
    double seconds = 0;
    std::vector<GuidanceStep> guidance; ///< By step: what each guidance term did.
    std::vector<std::string> warnings;  ///< Sentences: other encoders than in training, a replaced file of weights.
};

/// One picture of a guidance plane.
struct PlanePicture {
    PlaneCell cell;
    SampleRequest request; ///< With the cell's scales.
    SampleResult result;
};

/// One picture of several that differ in their seed alone.
struct SeedPicture {
    std::size_t index = 0; ///< Among the seeds.
    SampleRequest request; ///< With its seed.
    SampleResult result;   ///< Its seconds are its share of its batch's.
};

/// Time for a sketch that follows a slider, in seconds: with display and input, a tenth of a second.
inline constexpr double liveSketchSeconds = 0.06;

/// A checkpoint and the encoders it needs, loaded when first needed and kept; other sessions share them. One thread at
/// a time.
class SamplingSession {
public:
    /// `checkpoint`: a checkpoint folder, or a .safetensors/.pt file beside a state.json. Opens the EMA weights if
    /// there are any.
    static std::shared_ptr<SamplingSession> open(const Workspace& workspace, const std::filesystem::path& checkpoint,
                                                 const ComputeChoice& device = {});
    virtual ~SamplingSession() = default;
    /// Empty when stopped.
    virtual std::optional<SampleResult> sample(const SampleRequest& request, const JobContext& context,
                                               const std::function<void(const SamplePreview&)>& onPreview) = 0;
    /// The request's picture for each seed, in order. core/sample/batch_size.h says how many are computed as one batch,
    /// which reads the weights once for all; progress then counts pictures. Each is the picture that sample() makes
    /// with that seed, up to the rounding of larger products, and exactly that one if it is alone in its batch. False
    /// when stopped, which takes as long as a block of the model or a part of decoding; pictures delivered before are
    /// complete.
    virtual bool sampleSeeds(const SampleRequest& request, const std::vector<std::uint64_t>& seeds,
                             const JobContext& context, const std::function<void(const SeedPicture&)>& onPicture) = 0;
    /// A quick picture for display, without what a kept one needs (a hash of the weights, measures of guidance): by
    /// DPM++ 2M in as many steps as fit into `seconds` at the pace of the last picture, but at least two and at most
    /// six or the request's. The branches of the first step are kept and reused by a picture that begins in the same
    /// way. Empty when stopped, which takes as long as a block of the model.
    virtual std::optional<Image> sketch(const SampleRequest& request, double seconds, const JobContext& context) = 0;
    /// The request's picture for each pair of scales, coarse to fine; they share the noise and what the model's
    /// branches make of it. The first is computed alone, then more and more as one batch, with the rounding of
    /// sampleSeeds(). False when stopped.
    virtual bool samplePlane(const SampleRequest& request, const GuidancePlane& plane, const JobContext& context,
                             const std::function<void(const PlanePicture&)>& onPicture) = 0;
    virtual const ModelConfig& model() const = 0;
    virtual std::string description() const = 0; ///< "demo-run, step 2000, EMA, 9.0 M parameters"
};

} // namespace nanodit
