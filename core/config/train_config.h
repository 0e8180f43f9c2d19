#pragma once

#include "core/config/model_config.h"
#include "core/runtime/compute_choice.h"

#include <filesystem>

namespace nanodit {

struct DataConfig {
    std::string shards = "train"; ///< Name of the shard set below data/shards.
    std::int64_t batchSize = 16;  ///< Samples a micro-batch, all of one bucket.
    bool normaliseDino = true;    ///< Standardise CLS and patches by the set's own mean and deviation.
    std::int64_t prefetch = 4;    ///< Batches decoded ahead.
};

/// Shares of samples, each in [0, 1]; what the drops leave of 1 keeps everything.
struct ConditionConfig {
    double dropBoth = 0.10;
    double dropDino = 0.30;
    double dropText = 0.05;
    double patchDropout = 0; ///< Of samples that keep DINO: those that lose a random part of their patches.
    double keepAll() const { return 1.0 - dropBoth - dropDino - dropText; }
};

enum class TimestepSampling { Uniform, LogitNormal };

struct FlowConfig {
    TimestepSampling timestepSampling = TimestepSampling::LogitNormal;
    double logitMean = 0.0;
    double logitStd = 1.0;
    double shift = 1.0;          ///< t' = s t / (1 + (s - 1) t)
    bool shiftByBucket = false;  ///< s is multiplied by sqrt(C H W / 4096) of the latent (Zheng et al. 2025).
    double internalWeight = 0.5; ///< Of the loss of the internal head, where the model has one.
};

/// Of which samples a block's output is aligned: those that lost DINO alone cannot see the patches.
enum class RepaSamples { All, WithoutDino };

/// Representation alignment: a block's output, projected, is drawn to the picture's DINO patches.
struct RepaConfig {
    double weight = 0;        ///< 0: off.
    std::int64_t block = 0;   ///< Whose output it is, from 1; 0: at a third of the depth.
    std::int64_t endStep = 0; ///< Steps that have it; 0: all.
    RepaSamples samples = RepaSamples::All;

    bool enabled() const { return weight > 0; }
};

/// What weight decay acts on: every parameter, as torch.optim.AdamW(model.parameters()) does, or weight matrices alone.
enum class Decayed { Everything, Matrices };

struct OptimiserConfig {
    std::string name = "adamw";
    Decayed decayed = Decayed::Everything;
    double lr = 3e-4;
    std::array<double, 2> betas = {0.9, 0.95};
    double eps = 1e-8;
    double weightDecay = 0.01;
    double clip = 1.0;             ///< Largest gradient norm; 0 switches clipping off.
    std::int64_t accumulation = 1; ///< Micro-batches an optimiser step.
};

enum class Decay { Constant, Cosine };

struct ScheduleConfig {
    std::int64_t steps = 100000;
    std::int64_t warmupSteps = 1000;
    Decay decay = Decay::Constant;
};

struct EmaConfig {
    bool enabled = true;
    double decay = 0.9999;
    bool warmup = false; ///< Step n keeps min(decay, (1 + n) / (10 + n)).
};

enum class BestIs { Lowest, Highest };

struct SavingConfig {
    std::int64_t every = 1000;    ///< Steps between checkpoints.
    std::int64_t keep = 3;        ///< Newest checkpoints kept; 0 keeps all.
    std::int64_t keepEvery = 0;   ///< Those whose step this divides are kept for ever; 0: none for that reason.
    bool keepValidated = true;    ///< Those that a validation's report is of are kept.
    std::string bestBy = {};      ///< A validation's mean, "reconstruction/dino_distance"; empty: none is the best.
    BestIs best = BestIs::Lowest; ///< Which value of `bestBy`.
};

struct PreviewConfig {
    std::int64_t every = 500; ///< Steps between sample pictures; 0 makes none.
    std::int64_t count = 4;   ///< Records of the validation split that are painted.
    std::int64_t samplerSteps = 20;
    double textScale = 2.0;
    double dinoScale = 2.0;
    /// The current weights paint, too, until their pictures differ from the average's by less: mean absolute difference
    /// of pixels, as a share of their range. 0: the average alone paints.
    double rawUntil = 0;
    std::int64_t conditions = 0; ///< Records that are painted with parts of their conditions, too.
};

/// Of a run without an average the raw weights are the usual ones, and there is no choice.
enum class ValidatedWeights { Average, Raw, Both };

/// The validation suite at intervals.
struct ValidationConfig {
    std::int64_t every = 0; ///< Steps between validations; 0 makes none. Each saves a checkpoint first.
    ValidatedWeights weights = ValidatedWeights::Average;
    double rawUntil = 0.05;   ///< Of both: until they agree (core/validate/weights_agreement.h); 0: to the end.
    std::int64_t records = 8; ///< First ones of the validation split.
    std::vector<std::string> tasks = {"reconstruction", "dino_swap", "text_only", "text_manipulation"};
    std::int64_t samplerSteps = 20;
    double textScale = 2.0;
    double dinoScale = 2.0;
};

struct MetricsConfig {
    std::int64_t attentionEvery = 100;   ///< Steps between measurements of what is attended to; 0 makes none.
    std::int64_t worthEvery = 0;         ///< Steps between measurements of what each condition is worth; 0 makes none.
    std::int64_t worthValidation = 1000; ///< Pictures of the validation split that are measured at most.
    std::int64_t worthTraining = 64;     ///< Pictures in the sample of the training set.
};

struct WarmStartConfig {
    std::string checkpoint; ///< .safetensors, .pt or a checkpoint folder; empty starts from nothing.
    std::string place; ///< Which of several weights in the file: "ema", "checkpoint.model"; empty takes what fits best.
    std::vector<std::string> rename; ///< "pattern=>replacement", regular expressions tried in order.
    double lrFactor = 0.5;           ///< Multiplies optimiser.lr after a warm start.
};

/// How a model is trained: configs/*.yaml, copied into the run's folder.
struct TrainConfig {
    ModelConfig model;
    DataConfig data;
    ConditionConfig conditions;
    FlowConfig flow;
    RepaConfig repa;
    OptimiserConfig optimiser;
    ScheduleConfig schedule;
    EmaConfig ema;
    Precision precision = Precision::Float32;
    bool tf32 = true;           ///< A GPU may round the factors of float32 products to TensorFloat-32.
    bool deterministic = false; ///< Attention on a GPU adds in a fixed order.
    bool checkpointing = false; ///< Recompute activations in the backward pass.
    SavingConfig saving;
    PreviewConfig previews;
    ValidationConfig validation;
    MetricsConfig metrics;
    WarmStartConfig warmStart;
    std::int64_t seed = 0;

    Arithmetic arithmetic() const { return {.precision = precision, .tf32 = tf32}; }
    void visit(FieldVisitor& visitor);
    /// Ranges and rules across fields; empty when the configuration can be used.
    std::vector<ConfigIssue> validate() const;
    /// What can be trained but is hardly meant: a learning rate of 0, a warm-up that outlasts the run, an average that
    /// stays at the first weights. `stepsDone`: of a run that is resumed.
    std::vector<ConfigIssue> remarks(std::int64_t stepsDone = 0) const;
};

/// Reads, validates; throws ConfigError listing every issue.
TrainConfig readTrainConfig(const std::filesystem::path& file);
TrainConfig trainConfigFromYaml(const std::string& text, const std::string& source);
std::string toYaml(const TrainConfig& config, bool withHelp = false);

} // namespace nanodit
