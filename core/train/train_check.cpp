#include "core/train/train_check.h"

#include "core/runs/metric_table.h"
#include "core/runtime/number_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace nanodit {

namespace {

std::string text(double value)
{
    return significantText(value, 3);
}

CheckLine within(const std::string& what, double found, double low, double high, const std::string& why = "")
{
    return {.what = what,
            .found = text(found),
            .expected = text(low) + " to " + text(high) + why,
            .passed = found >= low && found <= high};
}

/// A share that chance decides. Four standard deviations of a binomial: one healthy run in 4000 fails one of the lines
/// of drops.
CheckLine shareLine(const std::string& what, double count, double samples, double p)
{
    const double found = count / samples;
    const double slack = 4 * std::sqrt(p * (1 - p) / samples) + 0.5 / samples;
    return {.what = what,
            .found = percentText(found) + " of " + decimalText(samples, 0),
            .expected = percentText(std::max(0.0, p - slack)) + " to " + percentText(std::min(1.0, p + slack)),
            .passed = std::abs(found - p) <= slack};
}

/// Steps at either end of a run whose means are judged, of a run that is long enough.
constexpr std::size_t stepsAtEnd = 10;

/// Mean of one metric over so many steps.
template<typename Iterator>
double mean(Iterator step, std::size_t count, double StepMetrics::*member)
{
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i, ++step)
        sum += (*step).*member;
    return sum / static_cast<double>(count);
}

} // namespace

TrainCheck::TrainCheck(const TrainConfig& config, std::int64_t textTokens, bool warmStarted,
                       std::optional<std::int64_t> dinoPatchSize)
    : config_(config)
    , textTokens_(textTokens)
    , warmStarted_(warmStarted)
    , dinoPatchSize_(dinoPatchSize)
{
}

void TrainCheck::observe(const MicroBatchTrace& trace)
{
    const auto& [batch, draws, context] = trace;
    for (std::size_t i = 0; i < draws.drops.size(); ++i) {
        ++drops_[static_cast<std::size_t>(draws.drops[i])];
        const bool dropped = draws.drops[i] == Drop::Dino || draws.drops[i] == Drop::Both;
        if (dropped) {
            ++nullPatches_;
            nullPatchSamples_.insert(batch.ids[i]);
        } else {
            ++withDino_;
        }
        if (config_.model.useDinoPatches && (context.patches.kinds[i] == SegmentKind::Null) != dropped)
            nullsWhereDropped_ = false;
    }
    if (draws.patchMask.defined())
        withHole_ += draws.patchMask.all(1).logical_not().sum().item<std::int64_t>();
    const auto grid = dinoPatchSize_ ? dinoGrid(batch.bucket, *dinoPatchSize_) : batch.patchGrid;
    const auto patches = config_.model.useDinoPatches ? grid.count() : 0;
    contexts_[batch.bucket] = {
        .found = context.shownTokens(), .expected = textTokens_ + 1 + patches, .patches = patches};
    latentSquares_ += batch.latent.square().mean().item<double>();
    ++microBatches_;
}

void TrainCheck::observe(const StepMetrics& metrics, const Parameters& parameters)
{
    ++steps_;
    unsound_ += metrics.skipped || !std::isfinite(metrics.loss) || !std::isfinite(metrics.velocityNorm) ||
                !std::isfinite(metrics.gradNorm);
    largestNorm_ = std::max(largestNorm_, metrics.gradNorm);
    if (first_.size() < stepsAtEnd)
        first_.push_back(metrics);
    last_.push_back(metrics);
    if (last_.size() > stepsAtEnd)
        last_.pop_front();
    std::map<std::string, Parameters> groups;
    for (const auto& parameter : parameters) {
        const auto& name = parameter.name;
        if (name.starts_with("dino_patch_proj."))
            groups["dino_patch_proj"].push_back(parameter);
        else if (const auto end = name.find(".cross_attn.kv."); end != std::string::npos)
            groups[name.substr(0, end) + ".cross_attn.kv"].push_back(parameter);
    }
    for (const auto& [group, members] : groups) {
        auto& largest = largestGradient_[group];
        largest = std::max(largest, gradientNorm(members));
    }
}

std::vector<CheckLine> TrainCheck::lines() const
{
    std::vector<CheckLine> lines;
    if (steps_ == 0) {
        lines.push_back({.what = "steps", .found = "0", .expected = "at least 1", .passed = false});
        return lines;
    }
    addFiniteLines(lines);
    addRangeLines(lines);
    addDropLines(lines);
    addContextLines(lines);
    addGradientLines(lines);
    return lines;
}

void TrainCheck::addFiniteLines(std::vector<CheckLine>& lines) const
{
    lines.push_back({.what = "steps with a non-finite loss, velocity or gradient",
                     .found = std::to_string(unsound_) + " of " + std::to_string(steps_),
                     .expected = "0",
                     .passed = unsound_ == 0});
}

void TrainCheck::addRangeLines(std::vector<CheckLine>& lines) const
{
    const auto few = std::clamp<std::size_t>(static_cast<std::size_t>(steps_ / 4), 1, stepsAtEnd);
    const auto lastFew = last_.end() - static_cast<std::ptrdiff_t>(few);
    const double start = mean(first_.begin(), few, &StepMetrics::loss);
    const double end = mean(lastFew, few, &StepMetrics::loss);
    // A new model predicts zero velocity: its loss is that of the target, 1 + E[x0^2], 1.0 to 1.5 or so after some
    // steps.
    const double target = 1 + latentSquares_ / static_cast<double>(std::max<std::int64_t>(1, microBatches_));
    lines.push_back(within("loss, first steps", start, warmStarted_ ? 0.0 : std::min(0.8, 0.8 * target),
                           std::max(1.5, 1.1 * target), " (new model: near 1 + mean square of the latents)"));
    lines.push_back({.what = "loss, last steps",
                     .found = text(end),
                     .expected = "below " + text(std::max(1.5, 1.05 * start)),
                     .passed = end < std::max(1.5, 1.05 * start)});
    const auto velocity = stepMetric("velocity_norm").text.healthy.value();
    lines.push_back(within("velocity norm, last steps", mean(lastFew, few, &StepMetrics::velocityNorm), velocity.low,
                           velocity.high));
    const auto gradient = stepMetric("grad_norm").text.healthy.value();
    lines.push_back({.what = "largest gradient norm",
                     .found = text(largestNorm_),
                     .expected = "at most " + text(gradient.high),
                     .passed = gradient.holds(largestNorm_)});
}

void TrainCheck::addDropLines(std::vector<CheckLine>& lines) const
{
    const auto& c = config_.conditions;
    const std::array<double, 4> shares = {c.keepAll(), c.dropText, c.dropDino, c.dropBoth};
    double samples = 0;
    for (const auto count : drops_)
        samples += static_cast<double>(count);
    for (std::size_t i = 0; i < 4; ++i)
        lines.push_back(shareLine(std::string("samples with dropped conditions: ") + dropNames[i],
                                  static_cast<double>(drops_[i]), samples, shares[i]));
    if (!config_.model.useDinoPatches)
        return;
    if (c.patchDropout > 0 && withDino_ > 0)
        lines.push_back(shareLine("samples with a part of their patches left out", static_cast<double>(withHole_),
                                  static_cast<double>(withDino_), c.patchDropout));
    lines.push_back(
        {.what = "null patches",
         .found = std::to_string(nullPatches_) + " times, " + std::to_string(nullPatchSamples_.size()) + " samples",
         .expected = "exactly where DINO was dropped (listed in log.txt)",
         .passed = nullsWhereDropped_});
}

void TrainCheck::addContextLines(std::vector<CheckLine>& lines) const
{
    for (const auto& [bucket, length] : contexts_)
        lines.push_back({.what = "context tokens in " + bucketName(bucket),
                         .found = std::to_string(length.found),
                         .expected = std::to_string(length.expected) + " (" + std::to_string(textTokens_) + " + 1 + " +
                                     std::to_string(length.patches) + ")",
                         .passed = length.found == length.expected});
}

void TrainCheck::addGradientLines(std::vector<CheckLine>& lines) const
{
    for (const auto& [group, norm] : largestGradient_)
        lines.push_back({.what = "gradient of " + group,
                         .found = text(norm),
                         .expected = "above 0, finite",
                         .passed = norm > 0 && std::isfinite(norm)});
}

std::string TrainCheck::nullPatchText() const
{
    constexpr std::size_t most = 1000; // a set may have millions
    std::string list;
    std::size_t listed = 0;
    for (const auto& id : nullPatchSamples_) {
        if (listed++ == most) {
            list += " and " + std::to_string(nullPatchSamples_.size() - most) + " more";
            break;
        }
        list += (list.empty() ? "" : ", ") + id;
    }
    return "samples with null patches: " + list;
}

bool TrainReport::passed() const
{
    return std::all_of(checks.begin(), checks.end(), [](const CheckLine& line) { return line.passed; });
}

} // namespace nanodit
