#pragma once

/// What the engine's front says of experiments: models that differ in one thing, trained and validated alike, and how
/// they compare. Free of torch types.

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"
#include "core/validate/bootstrap.h"
#include "core/validate/validation.h"

namespace nanodit {

/// One of the things compared.
struct ExperimentArm {
    std::string name;                       ///< "patches-sincos"; part of file names.
    std::string label;                      ///< "patches, sincos position"
    std::string what;                       ///< One sentence.
    std::vector<std::string> settings = {}; ///< Of an arm of a sweep: "repa.weight=0.5".
    bool operator==(const ExperimentArm&) const = default;
};
/// CLS alone against patches: the arms of `nanodit experiment patches-vs-cls`.
const std::vector<ExperimentArm>& patchesVsClsArms();
/// Throws UsageError for an unknown name.
const ExperimentArm& experimentArm(const std::string& name);
/// The configuration that an arm trains with: `base` with the arm's model, data and drop shares, and this seed.
TrainConfig armConfig(const std::string& arm, std::int64_t seed, TrainConfig base);

/// An arm of a sweep as a command line has it: "NAME:KEY=VALUE,KEY=VALUE", or "NAME" alone for the configuration as it
/// is. Commas in brackets belong to a value ("wide:optimiser.betas=[0.9,0.99]"). Throws UsageError.
ExperimentArm sweepArm(const std::string& text);
/// The configuration that it trains with: `base` with its settings and this seed. Throws ConfigError naming the arm.
TrainConfig sweepConfig(const ExperimentArm& arm, std::int64_t seed, TrainConfig base);

/// What is measured of every model.
struct ExperimentMeasure {
    std::string name;  ///< "reconstruction.dino_distance"; keys of reports.
    std::string label; ///< "reconstruction: DINO-patch distance"
    std::string help;
    std::optional<Better> better; ///< Empty where neither is: shares of attention.
    int decimals = 3;
};
/// In the order of reports: the suite's metrics by task, loss by drop category, attention.
const std::vector<ExperimentMeasure>& experimentMeasures();
/// Throws UsageError for an unknown name.
const ExperimentMeasure& experimentMeasure(const std::string& name);

/// A measure of one arm, over all its seeds and over units: pictures, records, or stretches of training steps.
struct ArmNumber {
    std::string arm, measure;
    double mean = 0;
    Interval interval; ///< 95 %, bootstrap over seeds and units at once.
    std::vector<double> bySeed;
    std::int64_t units = 0; ///< Per seed.
};

/// Another arm's measure against the first one's, by pairs of the same seed and unit.
struct ArmDifference {
    std::string first, other, measure;
    double firstMean = 0, otherMean = 0;
    double difference = 0; ///< other - first
    Interval interval;     ///< Of the difference; 95 %, bootstrap over seeds and units at once.
    std::vector<double> bySeed;
    std::int64_t units = 0;
    /// How much better `other` is, as a share of `first`'s mean; below 0: worse. Empty where neither is better.
    std::optional<double> gain;
    /// 1: the interval lies on the better side of 0; -1: on the worse; 0: it holds 0, or neither side is better.
    int verdict = 0;
};

/// How a measure of training went on, over the seeds of an arm.
struct ArmCourse {
    std::string arm;
    std::string measure; ///< "loss.none", "loss.dino", "attention.alignment"
    struct Point {
        std::int64_t step = 0; ///< The last of a stretch of steps.
        double mean = 0;
    };
    std::vector<Point> points;
};

/// A question that the experiment was made for, and what came out.
struct ExperimentAnswer {
    std::string question, answer;
};

struct ExperimentReport {
    std::filesystem::path folder; ///< Holds report.json, report.html, report.md, pictures/.
    TrainConfig config;           ///< What the arms share.
    ValidationSettings validation;
    std::vector<std::string> arms;
    std::vector<ExperimentArm> sweep; ///< The same, described, of a sweep; else empty.
    std::int64_t seeds = 0;
    std::vector<ArmNumber> numbers;         ///< By arm and measure.
    std::vector<ArmDifference> differences; ///< By pair of arms and measure.
    std::vector<ArmCourse> courses;         ///< By arm and measure.
    std::vector<ExperimentAnswer> answers;
    std::vector<std::string> notes;
    std::vector<std::filesystem::path> sheets; ///< Pictures of all arms side by side, relative to the folder.

    /// Of this name, of the sweep or of patchesVsClsArms().
    const ExperimentArm& arm(const std::string& name) const;
    const ArmNumber* find(const std::string& arm, const std::string& measure) const;
    const ArmDifference* find(const std::string& first, const std::string& other, const std::string& measure) const;
};

struct ExperimentRequest {
    Workspace workspace;              ///< Of patches against CLS: a demo workspace, whose truth is known.
    std::filesystem::path folder;     ///< Empty: experiments/patches-vs-cls or experiments/sweep in the workspace.
    TrainConfig config;               ///< What all arms share; see armConfig.
    std::vector<std::string> arms;    ///< Names; empty: all.
    std::vector<ExperimentArm> sweep; ///< Arms of a person's own in their place; all are compared with the first.
    std::int64_t seeds = 3;           ///< Each arm is trained with the seeds 1 to this.
    ValidationSettings validation;    ///< Each model's, all with the same noise.
    bool reportOnly = false;          ///< Train nothing: report of the seeds that every arm has finished.
    ComputeChoice device;
    std::function<void(const ExperimentReport&)> finished = [](const auto&) {};
};

/// Trains and validates every arm with every seed below `folder`, then writes the report. A stopped or killed
/// experiment goes on where it was: finished models are left alone, a begun one is resumed. Any number of processes may
/// work at one experiment; each takes a model that no other has. Throws DataError when the folder holds an experiment
/// with other settings; arms and seeds may be added.
std::unique_ptr<Job> makeExperimentJob(ExperimentRequest request);

} // namespace nanodit
