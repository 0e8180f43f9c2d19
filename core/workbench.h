#pragma once

/// The engine's front: workspaces, jobs, runs, sampling. Free of torch types and of Qt; all that `app` includes of
/// core's heavy parts. Functions throw nanodit::Error; jobs do so from run(). Sinks are called on the job's thread.

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/dataset/dataset_front.h"
#include "core/dataset/rank_share.h"
#include "core/dataset/reject.h"
#include "core/dataset/shard_check.h"
#include "core/inspect/certify.h"
#include "core/inspect/drift.h"
#include "core/inspect/inspection.h"
#include "core/io/image.h"
#include "core/runtime/device_choice.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nanodit {

/// What computes here, in words ("OpenBLAS (OpenMP), 2 threads"), and a warning when it is a slow or oversubscribing
/// BLAS.
struct ComputeInfo {
    std::string description;
    std::string warning;
};
ComputeInfo computeInfo();
/// Sets the number of compute threads; call before other work. Throws UsageError for an unknown or absent device.
void setUpCompute(const DeviceChoice& choice);

// ---------------------------------------------------------------------------------------------------- data set

/// What is known of an encoder from its config.json, without loading weights.
struct DinoEncoderInfo {
    std::string kind;            ///< "dinov3_vit", "dinov2"...
    std::int64_t patchSize = 16; ///< p, pixels
    std::int64_t width = 0;
    std::int64_t registers = 0;
};
DinoEncoderInfo dinoEncoderInfo(const Workspace& workspace);

struct ImportRequest {
    Workspace workspace;
    std::filesystem::path source; ///< A folder of pictures with sidecar captions, a records.jsonl or a WebDataset tar.
    std::function<void(const struct ImportReport&)> finished = [](const auto&) {};
};
struct ImportReport {
    std::int64_t added = 0, updated = 0, unchanged = 0;
    /// Records of this source that are excluded by rule: "broken", "too small", "extreme aspect ratio", "exact
    /// duplicate", "near duplicate".
    std::map<std::string, std::int64_t> excluded;
    std::vector<Reject> newlyExcluded; ///< Those among them that this import excluded, and why.
    std::vector<Reject> rejects;       ///< What gave no record.
};
std::unique_ptr<Job> makeImportJob(ImportRequest request);
/// Throws DataError when a source is neither a folder nor a records.jsonl nor a tar, before anything is made for it.
void requireImportSource(const std::filesystem::path& source);

/// Writes every record as a line {"id", "image", "caption", "aspect_bucket", "split", "tags"} with the unknown fields
/// it was imported with; pictures relative to the file's folder where they lie inside the workspace. Whole or not at
/// all; gives the number of lines. What it writes can be imported.
std::int64_t exportRecords(const Workspace& workspace, const std::filesystem::path& file);

struct PreprocessRequest {
    Workspace workspace;
    std::vector<Pass> passes = {Pass::T5, Pass::Vae, Pass::Dino};
    DeviceChoice device;
    RankShare share = {}; ///< Which records this process makes.
    std::function<void(const struct PreprocessReport&)> finished = [](const auto&) {};
};
struct PassReport {
    Pass pass = Pass::T5;
    std::int64_t made = 0, alreadyWhole = 0;
    double seconds = 0;
    std::vector<Reject> failures;
};
struct PreprocessReport {
    std::vector<PassReport> passes;
};
std::unique_ptr<Job> makePreprocessJob(PreprocessRequest request);

struct ShardRequest {
    Workspace workspace;
    std::int64_t shardSize = 1000; ///< Samples a tar.
    bool overwrite = false;
    RankShare share = {}; ///< Of several processes, each packs its own part of the sets; mergeRanks puts them together.
    std::function<void(const struct ShardReport&)> finished = [](const auto&) {};
};
struct ShardSetReport {
    std::string set; ///< "train", "val"
    std::int64_t samples = 0, shards = 0;
    std::int64_t skippedIncomplete = 0, skippedMisaligned = 0, skippedStale = 0, skippedNonfinite = 0;
    std::vector<Reject> skipped;
};
struct ShardReport {
    std::vector<ShardSetReport> sets;
};
/// Packs one set per split.
std::unique_ptr<Job> makeShardJob(ShardRequest request);

struct VerifyRequest {
    Workspace workspace;
    /// Move misaligned patches to data/derived/dinov3_patches_misaligned, so that the next dinov3 pass makes them anew.
    bool repair = false;
    std::function<void(const struct VerifyReport&)> finished = [](const auto&) {};
};
struct VerifyPassCounts {
    ArrayKind array = ArrayKind::T5;
    std::int64_t whole = 0, missing = 0, stale = 0, misaligned = 0, wrongShape = 0, nonfinite = 0, unreadable = 0;
    std::int64_t adopted = 0; ///< Of those that are whole: made elsewhere, without provenance.
};
struct VerifyReport {
    std::int64_t records = 0;
    std::array<VerifyPassCounts, 4> arrays;
    std::vector<Reject> problems; ///< Record or file, and a sentence.
    std::vector<Reject> adopted;  ///< Records of which this verification adopted arrays, and their names.
    std::int64_t movedAside = 0;  ///< Misaligned files that `repair` moved; their problems tell where to.
    bool sound() const { return problems.empty(); }
};
std::unique_ptr<Job> makeVerifyJob(VerifyRequest request);

// ---------------------------------------------------------------------------------------------------- training

/// Shares by what was dropped, in this order everywhere: nothing, text, DINO, both.
inline constexpr std::array<const char*, 4> dropNames = {"none", "text", "dino", "both"};

/// What a block's cross attention looked at, means over samples, heads and latent tokens.
struct BlockAttention {
    double text = 0, cls = 0, patches = 0; ///< Shares; they sum to 1.
    double alignment = 0;                  ///< Patches from a latent's own place to its attention's centre of mass.
};

/// One optimiser step, as written to metrics.jsonl. Not-a-number marks what a step did not have (no sample of a
/// category).
struct StepMetrics {
    std::int64_t step = 0; ///< Counts from 1.
    double loss = 0;
    std::array<double, 4> lossByQuarter{}; ///< t in [0, 1/4), [1/4, 1/2)...
    std::array<double, 4> lossByDrop{};    ///< By dropNames.
    std::array<std::int64_t, 4> samplesByDrop{};
    double velocityNorm = 0;
    double gradNorm = 0; ///< Before clipping.
    double gradNormPatchProj = 0;
    double lr = 0;
    double samplesPerSecond = 0;
    double dataWaitSeconds = 0;
    double residentMegabytes = 0;
    std::int64_t damagedSamples = 0;       ///< Left out as they could not be read, since the run was begun or resumed.
    bool skipped = false;                  ///< Loss or gradient was not finite: weights untouched.
    std::vector<BlockAttention> attention; ///< By block, before the step; empty at steps that did not measure it.
};

struct PreviewPicture {
    std::int64_t step = 0;
    std::string recordId;
    std::string caption;
    Image picture;
    Image reference; ///< The record's own bucket image.
};

/// Asked of a running training from any thread; served at the next step.
struct TrainCommands {
    std::atomic<bool> previewNow = false;
    std::atomic<bool> checkpointNow = false;
};

struct TrainRequest {
    Workspace workspace;
    TrainConfig config;
    std::string runName = "run";
    bool resume = false; ///< Continue from the run's newest checkpoint.
    bool check = false;  ///< Judge the run against design's ranges; see TrainReport::checks.
    DeviceChoice device;
    std::shared_ptr<TrainCommands> commands = std::make_shared<TrainCommands>();
    std::function<void(const StepMetrics&)> onStep = [](const auto&) {};
    std::function<void(const PreviewPicture&)> onPreview = [](const auto&) {};
    std::function<void(const struct ValidationReport&)> onValidation = [](const auto&) {}; ///< See config.validation.
    std::function<void(const struct TrainReport&)> finished = [](const auto&) {};
};
struct CheckLine {
    std::string what, found, expected;
    bool passed = false;
};
struct TrainReport {
    std::string runName;
    std::int64_t firstStep = 0, lastStep = 0; ///< It went on after firstStep (0: from nothing).
    std::int64_t parameters = 0;
    double finalLoss = 0;
    std::filesystem::path checkpoint; ///< Newest whole one.
    std::vector<CheckLine> checks;
    bool passed() const; ///< Every check line.
};
/// Stopping it writes a checkpoint first.
std::unique_ptr<Job> makeTrainJob(TrainRequest request);

struct RunInfo {
    std::string name;
    std::filesystem::path folder;
    std::vector<std::filesystem::path> checkpoints; ///< By step, oldest first.
};
std::vector<RunInfo> listRuns(const Workspace& workspace);
/// Every whole line of a run's metrics.jsonl.
std::vector<StepMetrics> readMetrics(const std::filesystem::path& runFolder);

// ---------------------------------------------------------------------------------------------------- sampling

struct NoReference {};
struct RecordReference {
    std::string id; ///< Its stored CLS and patches.
};
struct PictureReference {
    std::filesystem::path file; ///< Encoded on demand.
};

enum class GuidanceMode { Additive, Chained };
enum class Solver { Euler, Heun };

struct SampleRequest {
    std::string prompt;                    ///< Empty: null text, unless textRecord is set.
    std::optional<std::string> textRecord; ///< Use this record's stored text instead of the prompt.
    std::variant<NoReference, RecordReference, PictureReference> reference;
    ImageSize size;
    std::int64_t steps = 30;
    Solver solver = Solver::Euler;
    double shift = 1.0;
    double textScale = 2.0; ///< s_text
    double dinoScale = 2.0; ///< s_dino
    GuidanceMode guidance = GuidanceMode::Additive;
    std::array<double, 2> guidanceInterval = {0.0,
                                              1.0}; ///< t in which scales apply; outside, the fully conditioned model.
    std::uint64_t seed = 0;
    std::int64_t previewEvery = 0; ///< Decode a preview every n steps; 0 never.
};
struct SamplePreview {
    std::int64_t step = 0, steps = 0;
    Image picture;
};
struct SampleResult {
    Image picture;
    PngText settings; ///< Written into the PNG; sampleRequestFromPng restores it.
    double seconds = 0;
    std::vector<std::string> warnings; ///< Sentences: encoders that are not those of the model's training data.
};

/// A checkpoint and the encoders it needs, loaded when first needed and kept. One thread at a time.
class SamplingSession {
public:
    /// `checkpoint`: a checkpoint folder, or a .safetensors/.pt file beside a state.json. EMA weights where there are.
    static std::shared_ptr<SamplingSession> open(const Workspace& workspace, const std::filesystem::path& checkpoint,
                                                 const DeviceChoice& device = {});
    virtual ~SamplingSession() = default;
    /// Empty when stopped.
    virtual std::optional<SampleResult> sample(const SampleRequest& request, const JobContext& context,
                                               const std::function<void(const SamplePreview&)>& onPreview) = 0;
    virtual const ModelConfig& model() const = 0;
    virtual std::string description() const = 0; ///< "demo-run, step 2000, EMA, 9.0 M parameters"
};
PngText settingsOf(const SampleRequest& request);
/// Empty when the PNG carries no settings of ours.
std::optional<SampleRequest> sampleRequestFromPng(const std::filesystem::path& file);

// ---------------------------------------------------------------------------------------------------- demo

struct DemoRequest {
    std::filesystem::path folder; ///< Must not hold a workspace yet.
    std::int64_t scenes = 600;
    std::uint64_t seed = 1;
    bool preprocess = true; ///< Also run the passes and pack shards.
    std::function<void(const Workspace&)> finished = [](const auto&) {};
};
/// Draws scenes, imports them, points the workspace at the demo encoders; with `preprocess` makes it ready to train.
/// Also copies the reference checkpoint in as run "reference".
std::unique_ptr<Job> makeDemoJob(DemoRequest request);

/// Trains the demo's encoders on drawn scenes: `folder`/{vae,dinov3-demo,t5-demo}, in Hugging Face layouts, each with a
/// README.md that tells how it was made. An encoder whose folder is there already is left alone; a stopped training
/// goes on.
struct TrainEncodersRequest {
    std::filesystem::path folder;
    std::uint64_t seed = 1;
    std::int64_t scenes = 1500;
    std::function<void(const struct DemoFigures&)> finished = [](const auto&) {};
};
std::unique_ptr<Job> makeTrainEncodersJob(TrainEncodersRequest request);

/// What demo encoders do on scenes of the validation split.
struct DemoFigures {
    double psnrMean = 0, psnrLowest = 0; ///< dB, of pictures that the autoencoder gives back.
    double patchAccuracy = 0;            ///< Share of patches whose nearest neighbour in other scenes shows the same.
    double thingPatchAccuracy = 0;       ///< The same, of patches that show a thing.
    double positionShare = 0;            ///< Share of the patch features' variance that their position explains.
    double oneWordSmallest = 0;          ///< Distance of captions that differ in one word, of that of any two captions.
    double oneWordMedian = 0;
    double swapSmallest = 0;         ///< The same for captions in which two things swap their colours.
    std::int64_t longestCaption = 0; ///< Tokens.
};
struct MeasureEncodersRequest {
    std::filesystem::path folder; ///< Holds vae, dinov3-demo and t5-demo.
    std::uint64_t seed = 1; ///< Of the scenes: the one that they were trained with, whose val split they have not seen.
    std::int64_t scenes = 60;
    std::function<void(const DemoFigures&)> finished = [](const auto&) {};
};
std::unique_ptr<Job> makeMeasureEncodersJob(MeasureEncodersRequest request);

/// Paints validation scenes after their stored text and DINO tokens, finds the coloured things in the pictures and
/// measures how far they are from where they should be.
struct LayoutRequest {
    Workspace workspace; ///< A demo workspace.
    std::filesystem::path checkpoint;
    std::int64_t pictures = 30;
    std::int64_t steps = 20;
    double shift = 1.0; ///< Of the sampler's times.
    double textScale = 2.0, dinoScale = 2.0;
    std::uint64_t seed = 0;
    std::filesystem::path keepPictures; ///< Folder for PNGs, painted beside true; empty: none.
    DeviceChoice device;
    std::function<void(const struct LayoutReport&)> finished = [](const auto&) {};
};
struct LayoutReport {
    std::int64_t pictures = 0, things = 0;
    std::int64_t missing = 0;    ///< Things that were not found.
    std::int64_t spurious = 0;   ///< Colours found that should not be there.
    std::int64_t rightShape = 0; ///< Of those found.
    double error = 0;            ///< Mean distance in fractions of the diagonal; a missing thing counts 0.5.
    double finderError = 0;      ///< The same measured on the true pictures.
};
std::unique_ptr<Job> makeLayoutJob(LayoutRequest request);

/// Where installed or built resources lie (demo encoders, configs): NANODIT_RESOURCES, beside the program, the source
/// tree.
std::filesystem::path resourcesFolder();

} // namespace nanodit

#include "core/inspect/attention_session.h" // these need what stands above
#include "core/validate/validate_front.h"
