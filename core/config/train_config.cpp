#include "core/config/train_config.h"

#include "core/config/yaml.h"
#include "core/io/atomic_file.h"
#include "core/runtime/number_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nanodit {

void TrainConfig::visit(FieldVisitor& v)
{
    v.beginGroup("model", "The NanoDiT's shape.");
    model.visit(v);
    v.endGroup();

    v.beginGroup("data", "What it is trained on.");
    v.field({"shards", "Shard set below data/shards of the workspace."}, data.shards);
    v.field({"batch_size", "Samples in a micro-batch, all of one bucket.", 1, 4096, "samples"}, data.batchSize);
    v.field({"normalise_dino", "Standardise CLS and patches by the set's own mean and deviation per channel."},
            data.normaliseDino);
    v.field({"prefetch", "Micro-batches decoded ahead by the loader's thread.", 1, 64, "batches"}, data.prefetch);
    v.endGroup();

    v.beginGroup("conditions",
                 "Shares of samples whose conditions are replaced by learned nulls, or left out in part.");
    v.field({"drop_both", "Neither text nor DINO.", 0, 1}, conditions.dropBoth);
    v.field({"drop_dino", "Text only: CLS and patches are dropped together.", 0, 1}, conditions.dropDino);
    v.field({"drop_text", "DINO only.", 0, 1}, conditions.dropText);
    v.field({"patch_dropout",
             "Share of the samples with DINO that lose a random part of their patches: a rectangle, everything around "
             "one, a blob, or scattered patches.",
             0, 1},
            conditions.patchDropout);
    v.endGroup();

    static constexpr std::string_view samplings[] = {"uniform", "logit_normal"};
    v.beginGroup("flow", "Flow matching: x_t = (1 - t) x0 + t noise, target noise - x0.");
    v.enumeration({"timestep_sampling", "Distribution of t."}, flow.timestepSampling, samplings);
    v.field({"logit_mean", "Mean of logit(t) for logit_normal.", -5, 5}, flow.logitMean);
    v.field({"logit_std", "Deviation of logit(t) for logit_normal.", 0.01, 10}, flow.logitStd);
    v.field({"shift", "Resolution shift s: t' = s t / (1 + (s - 1) t); above 1 favours noise.", 0.05, 20}, flow.shift);
    v.field(
        {"shift_by_bucket",
         "Multiply s by sqrt(C H W / 4096) of the latent, so that larger pictures get as much noise for their size."},
        flow.shiftByBucket);
    v.field({"internal_weight", "Weight of the loss of the internal head (model.internal_head).", 0, 100},
            flow.internalWeight);
    v.endGroup();

    static constexpr std::string_view aligned[] = {"all", "without_dino"};
    v.beginGroup("repa", "Representation alignment: pull a block's output towards the picture's DINO patches.");
    v.field({"weight", "Weight of its loss, 1 - cosine; 0 switches it off.", 0, 100}, repa.weight);
    v.field({"block", "The block whose output is aligned, counted from 1; 0: the one at a third of the depth.", 0, 256},
            repa.block);
    v.field({"end_step", "Steps with alignment; later steps go without it. 0: all.", 0, 1e9, "steps"}, repa.endStep);
    v.enumeration({"samples", "Samples to align: all, or only those whose DINO was dropped."}, repa.samples, aligned);
    v.endGroup();

    v.beginGroup("optimiser", "How weights are updated.");
    static constexpr std::string_view optimisers[] = {"adamw", "muon"};
    v.choice({"name", "The update rule."}, optimiser.name, optimisers);
    v.field({"lr", "Peak learning rate.", 0, 1}, optimiser.lr);
    v.field({"betas", "Decay of the first and second moment.", 0, 1}, optimiser.betas);
    v.field({"eps", "Added to the denominator; above 0, or weights without a gradient become NaN.", 1e-30, 1},
            optimiser.eps);
    v.field({"weight_decay", "Decoupled weight decay.", 0, 10}, optimiser.weightDecay);
    static constexpr std::string_view decayed[] = {"everything", "matrices"};
    v.enumeration(
        {"decayed",
         "What weight decay acts on: every parameter, or weight matrices alone, not biases, gains, priors and "
         "null embeddings."},
        optimiser.decayed, decayed);
    v.field({"clip", "Largest norm of the whole gradient; 0 switches clipping off.", 0, 1e6}, optimiser.clip);
    v.field({"accumulation", "Micro-batches per optimiser step.", 1, 65536, "batches"}, optimiser.accumulation);
    v.endGroup();

    static constexpr std::string_view decays[] = {"constant", "cosine"};
    v.beginGroup("schedule", "How long, and the learning rate's course.");
    v.field({"steps", "Optimiser steps of the whole run.", 1, 1e9, "steps"}, schedule.steps);
    v.field({"warmup_steps", "Steps over which the learning rate rises from zero.", 0, 1e9, "steps"},
            schedule.warmupSteps);
    v.enumeration({"decay", "Course after the warm-up; cosine ends at zero."}, schedule.decay, decays);
    v.endGroup();

    v.beginGroup("ema", "Moving average of the weights, used for sampling.");
    v.field({"enabled", "Keep one."}, ema.enabled);
    v.field({"decay", "Share of the average that each step keeps.", 0, 1}, ema.decay);
    v.field({"warmup",
             "Keep less of it at first, min(decay, (1 + n) / (10 + n)) at step n, so that it soon shows what was "
             "learnt."},
            ema.warmup);
    v.endGroup();

    static constexpr std::string_view precisions[] = {"float32", "bf16"};
    v.enumeration({"precision", "Arithmetic of the forward pass; weights and optimiser state stay float32."}, precision,
                  precisions);
    v.field({"tf32",
             "Let a GPU round the factors of float32 products to TensorFloat-32, which is several times as fast; "
             "the CPU never does."},
            tf32);
    v.field({"deterministic",
             "Let attention on a GPU add in a fixed order, so that a resumed run ends in the same bits; slower where "
             "LibTorch's fused kernels would compute it. The CPU always does."},
            deterministic);
    v.field({"checkpointing", "Recompute activations in the backward pass: less memory, about a third more time."},
            checkpointing);

    v.beginGroup("saving", "Checkpoints.");
    v.field({"every", "Steps between checkpoints.", 1, 1e9, "steps"}, saving.every);
    v.field({"keep", "Newest checkpoints to keep; 0 keeps all.", 0, 1e6}, saving.keep);
    v.field({"keep_every", "Also keep every checkpoint whose step is a multiple of this; 0: none.", 0, 1e9, "steps"},
            saving.keepEvery);
    v.field({"keep_validated", "Also keep checkpoints that have a validation report."}, saving.keepValidated);
    v.field({"best_by", "Also keep the best checkpoint by this mean of the validations, such as "
                        "reconstruction/dino_distance; empty: none."},
            saving.bestBy);
    static constexpr std::string_view bests[] = {"lowest", "highest"};
    v.enumeration({"best_is", "Which value of best_by is the best."}, saving.best, bests);
    v.endGroup();

    v.beginGroup("previews", "Preview pictures generated during training.");
    v.field({"every", "Steps between them; 0 makes none.", 0, 1e9, "steps"}, previews.every);
    v.field({"count", "Records of the validation split to generate.", 1, 64, "pictures"}, previews.count);
    v.field({"sampler_steps", "Euler steps per picture.", 1, 1000, "steps"}, previews.samplerSteps);
    v.field({"text_scale", "Guidance scale for text.", 0, 50}, previews.textScale);
    v.field({"dino_scale", "Guidance scale for DINO.", 0, 50}, previews.dinoScale);
    v.field(
        {"raw_until",
         "Also generate previews with the raw weights until they differ from those of the average by less than this "
         "(mean absolute difference of pixels, as a share of their range); 0: use the average alone.",
         0, 1},
        previews.rawUntil);
    v.field({"conditions",
             "Records that are also generated with parts of their conditions: text only, DINO only, CLS only, another "
             "record's DINO, shuffled patches; 0: none.",
             0, 64, "pictures"},
            previews.conditions);
    v.endGroup();

    v.beginGroup("validation", "The validation suite during training.");
    v.field(
        {"every", "Steps between validations, each of which saves a checkpoint first; 0 makes none.", 0, 1e9, "steps"},
        validation.every);
    static constexpr std::string_view validated[] = {"average", "raw", "both"};
    v.enumeration({"weights", "Weights to validate: the average, the weights as they were trained (raw), or both in "
                              "turn; without an average, the only ones there are."},
                  validation.weights, validated);
    v.field({"raw_until",
             "With both: validate raw weights until the means of the two differ by less than this, as a mean share of "
             "the larger, and then the average alone, unless saving.best_by names a raw mean; 0: validate both to the "
             "end.",
             0, 1},
            validation.rawUntil);
    v.field({"records", "Records of the validation split to generate.", 1, 1e6, "records"}, validation.records);
    v.field({"tasks",
             "Of the suite: reconstruction, dino_swap, text_only, text_manipulation, text_over_dino, region_edit."},
            validation.tasks);
    v.field({"sampler_steps", "Euler steps per picture.", 1, 1000, "steps"}, validation.samplerSteps);
    v.field({"text_scale", "Guidance scale for text.", 0, 50}, validation.textScale);
    v.field({"dino_scale", "Guidance scale for DINO.", 0, 50}, validation.dinoScale);
    v.endGroup();

    v.beginGroup("metrics", "What is measured besides loss and norms.");
    v.field({"attention_every",
             "Steps between measurements of attention (shares of text, CLS and patches, alignment); 0 makes none.", 0,
             1e9, "steps"},
            metrics.attentionEvery);
    v.field({"worth_every",
             "Steps between measurements of what text and patches are worth to the loss of each picture; 0 makes none.",
             0, 1e9, "steps"},
            metrics.worthEvery);
    v.field({"worth_validation", "Most pictures of the validation split to measure.", 0, 1e6, "pictures"},
            metrics.worthValidation);
    v.field({"worth_training", "Pictures of the training set to measure, always the same ones.", 0, 1e6, "pictures"},
            metrics.worthTraining);
    v.endGroup();

    v.beginGroup("warm_start", "Start from another model's weights.");
    v.field({"checkpoint", "A .safetensors or .pt file or a checkpoint folder, relative to the workspace; empty: "
                           "random weights."},
            warmStart.checkpoint);
    v.field({"place",
             "Which of several weights in the file, by the keys that lead to them, such as ema; empty takes those "
             "that fit best."},
            warmStart.place);
    v.field({"rename", "Renames of tensors, \"pattern=>replacement\" (regular expressions, tried in order)."},
            warmStart.rename);
    v.field({"lr_factor", "Multiplies optimiser.lr after a warm start.", 0, 10}, warmStart.lrFactor);
    v.endGroup();

    v.field({"seed", "Every random number is a function of this, the step and the micro-batch.", 0, 9e15}, seed);
}

std::vector<ConfigIssue> TrainConfig::validate() const
{
    auto copy = *this;
    auto issues = rangeIssues([&copy](FieldVisitor& v) { copy.visit(v); });
    for (auto& issue : model.validate())
        issues.push_back(std::move(issue));
    if (conditions.keepAll() < -1e-9)
        issues.push_back({"conditions", "drop_both + drop_dino + drop_text must not exceed 1, so that the four shares "
                                        "sum to 100 %"});
    if (optimiser.betas[0] >= 1 || optimiser.betas[1] >= 1)
        issues.push_back({"optimiser.betas", "must both be below 1"});
    if (repa.enabled() && repa.block > model.depth)
        issues.push_back({"repa.block", "must be one of the model's " + std::to_string(model.depth) +
                                            " blocks, but is " + std::to_string(repa.block)});
    if (ema.enabled && ema.decay >= 1)
        issues.push_back(
            {"ema.decay",
             "must be below 1: with 1 the average, which sampling uses, keeps the initial weights forever"});
    return issues;
}

std::vector<ConfigIssue> TrainConfig::remarks(std::int64_t stepsDone) const
{
    std::vector<ConfigIssue> remarks;
    const auto number = [](double value) { return significantText(value, 3); };
    if (optimiser.lr == 0)
        remarks.push_back({"optimiser.lr", "is 0: nothing will be learnt"});
    if (!warmStart.checkpoint.empty() && warmStart.lrFactor == 0)
        remarks.push_back({"warm_start.lr_factor", "is 0: nothing will be learnt after the warm start"});
    if (schedule.warmupSteps >= schedule.steps)
        remarks.push_back(
            {"schedule.warmup_steps",
             "is " + std::to_string(schedule.warmupSteps) + ", but the run has only " + std::to_string(schedule.steps) +
                 " steps: the learning rate never reaches its peak; lower it to about a tenth of the steps"});
    const auto stepsOfAverage = static_cast<double>(schedule.steps);
    const double kept = std::pow(ema.decay, stepsOfAverage);
    if (ema.enabled && !ema.warmup && stepsDone == 0 && kept > 0.5)
        remarks.push_back({"ema.decay", "is " + std::to_string(ema.decay) + ": after " +
                                            std::to_string(schedule.steps) + " steps " + number(100 * kept) +
                                            " % of the average, which sampling uses, still comes from the initial "
                                            "weights; lower it to " +
                                            number(1 - 10 / std::max(20.0, stepsOfAverage))});
    const bool bestIsRaw = saving.bestBy.starts_with("raw/");
    const bool averageMeasured = !ema.enabled || validation.weights != ValidatedWeights::Raw;
    const bool rawMeasured = ema.enabled && validation.weights != ValidatedWeights::Average;
    if (validation.every > 0 && !saving.bestBy.empty() && !(bestIsRaw ? rawMeasured : averageMeasured))
        remarks.push_back({"saving.best_by", "is " + saving.bestBy +
                                                 ", which no validation will measure: raw weights "
                                                 "beside an average are measured as raw/" +
                                                 (bestIsRaw ? saving.bestBy.substr(4) : saving.bestBy) +
                                                 ", and all others without \"raw/\"; change it or validation.weights"});
    if (conditions.keepAll() < 1e-9)
        remarks.push_back({"conditions", "leave no sample all its conditions: drop_both + drop_dino + drop_text is 1"});
    if (model.internalHead > 0 && flow.internalWeight == 0)
        remarks.push_back({"flow.internal_weight", "is 0: the internal head (model.internal_head) will learn nothing"});
    if (repa.enabled() && repa.samples == RepaSamples::WithoutDino && conditions.dropBoth + conditions.dropDino == 0)
        remarks.push_back({"repa.samples", "is without_dino, but no sample loses its DINO: nothing will be aligned"});
    if (repa.enabled() && deterministic)
        remarks.push_back({"deterministic",
                           "is true, but on a GPU representation alignment (repa.weight) still adds in "
                           "no fixed order: a resumed run may differ in the last bits"});
    if (optimiser.weightDecay * optimiser.lr >= 1)
        remarks.push_back({"optimiser.weight_decay", "times optimiser.lr is 1 or more: each step erases the weights"});
    if (optimiser.clip > 0 && optimiser.clip < 1e-6)
        remarks.push_back({"optimiser.clip", "is " + number(optimiser.clip) +
                                                 ": almost nothing of a gradient remains; 0 "
                                                 "switches clipping off"});
    return remarks;
}

TrainConfig trainConfigFromYaml(const std::string& text, const std::string& source)
{
    TrainConfig config;
    readYaml(text, source, [&config](FieldVisitor& v) { config.visit(v); });
    throwIfAny(config.validate(), source, text);
    return config;
}

TrainConfig readTrainConfig(const std::filesystem::path& file)
{
    return trainConfigFromYaml(readTextFile(file), file.string());
}

std::string toYaml(const TrainConfig& config, bool withHelp)
{
    auto copy = config;
    return writeYaml([&copy](FieldVisitor& v) { copy.visit(v); }, withHelp);
}

} // namespace nanodit
