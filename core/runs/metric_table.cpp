#include "core/runs/metric_table.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

namespace nanodit {

namespace {

template<typename Value>
constexpr auto storedAs = std::is_same_v<Value, bool> ? StepMetric::Stored::Flag
                          : std::is_integral_v<Value> ? StepMetric::Stored::Count
                                                      : StepMetric::Stored::Number;

template<auto Member>
StepMetric member(MetricText text)
{
    using Value = std::remove_cvref_t<decltype(StepMetrics{}.*Member)>;
    return {.text = std::move(text),
            .stored = storedAs<Value>,
            .value = [](const StepMetrics& m) { return static_cast<double>(m.*Member); },
            .set = [](StepMetrics& m, double value) { m.*Member = static_cast<Value>(value); }};
}

template<auto Member, std::size_t Index>
StepMetric element(MetricText text)
{
    using Value = std::remove_cvref_t<decltype((StepMetrics{}.*Member)[Index])>;
    return {.text = std::move(text),
            .stored = storedAs<Value>,
            .value = [](const StepMetrics& m) { return static_cast<double>((m.*Member)[Index]); },
            .set = [](StepMetrics& m, double value) { (m.*Member)[Index] = static_cast<Value>(value); }};
}

template<auto Member>
void addQuarters(std::vector<StepMetric>& table)
{
    const auto add = [&table]<std::size_t Index>(const char* range, const char* words) {
        table.push_back(element<Member, Index>(
            {.key = std::string("loss_by_t/") + range,
             .label = std::string("Loss, t ") + words,
             .unit = {},
             .help = std::string("Mean squared error of samples with a flow time of ") + words + "; 1 is noise."}));
    };
    add.template operator()<0>("0-0.25", "0 to 0.25");
    add.template operator()<1>("0.25-0.5", "0.25 to 0.5");
    add.template operator()<2>("0.5-0.75", "0.5 to 0.75");
    add.template operator()<3>("0.75-1", "0.75 to 1");
}

/// By dropNames.
constexpr std::array<const char*, 4> dropWords = {"nothing dropped", "text dropped", "DINO dropped", "both dropped"};

template<auto Member, std::size_t... Index>
void addDrops(std::vector<StepMetric>& table, const MetricText& text, std::index_sequence<Index...>)
{
    const auto named = [&text](std::size_t drop) {
        auto copy = text;
        copy.key += std::string("/") + dropNames[drop];
        copy.label += std::string(", ") + dropWords[drop];
        copy.help += std::string(" Samples with ") + dropWords[drop] + ".";
        return copy;
    };
    (table.push_back(element<Member, Index>(named(Index))), ...);
}

std::vector<StepMetric> makeTable()
{
    std::vector<StepMetric> table;
    table.push_back(member<&StepMetrics::loss>(
        {.key = "loss", .label = "Loss", .unit = {}, .help = "Mean squared error of the velocity.", .decimals = 4}));
    table.push_back(member<&StepMetrics::velocityNorm>(
        {.key = "velocity_norm",
         .label = "Velocity norm",
         .unit = {},
         .help = "Root mean square of the predicted velocity; the target's is about 1.41.",
         .healthy = HealthyRange{.low = 0.5, .high = 3.0}}));
    table.push_back(member<&StepMetrics::gradNorm>({.key = "grad_norm",
                                                    .label = "Gradient norm",
                                                    .unit = {},
                                                    .help = "Norm of all gradients before clipping.",
                                                    .scale = MetricScale::Logarithmic,
                                                    .healthy = HealthyRange{.low = 0.0, .high = 5.0}}));
    table.push_back(member<&StepMetrics::gradNormPatchProj>({.key = "grad_norm_dino_patch_proj",
                                                             .label = "Gradient norm, patch projection",
                                                             .unit = {},
                                                             .help = "Norm of the gradients of dino_patch_proj.",
                                                             .scale = MetricScale::Logarithmic}));
    table.push_back(member<&StepMetrics::internalLoss>(
        {.key = "internal_loss",
         .label = "Loss of the internal head",
         .unit = {},
         .help = "Mean squared error of the velocity that the internal head predicts (model.internal_head).",
         .decimals = 4}));
    table.push_back(member<&StepMetrics::repaLoss>(
        {.key = "repa_loss",
         .label = "Alignment with DINO",
         .unit = {},
         .help =
             "1 - cosine between a block's projected output and the picture's standardised DINO patches (repa); 1 is "
             "nothing learnt, 0 the same directions.",
         .decimals = 4}));
    table.push_back(member<&StepMetrics::lr>(
        {.key = "lr", .label = "Learning rate", .unit = {}, .help = "Learning rate of the step.", .decimals = 6}));
    addQuarters<&StepMetrics::lossByQuarter>(table);
    addDrops<&StepMetrics::lossByDrop>(
        table, {.key = "loss_by_drop", .label = "Loss", .unit = {}, .help = "Mean squared error of the velocity."},
        std::make_index_sequence<4>());
    addDrops<&StepMetrics::samplesByDrop>(
        table,
        {.key = "samples_by_drop", .label = "Samples", .unit = "samples", .help = "Count in the step.", .decimals = 0},
        std::make_index_sequence<4>());
    table.push_back(member<&StepMetrics::samplesPerSecond>({.key = "samples_per_second",
                                                            .label = "Speed",
                                                            .unit = "samples/s",
                                                            .help = "Samples trained on per second.",
                                                            .decimals = 1}));
    table.push_back(member<&StepMetrics::dataWaitSeconds>({.key = "data_wait_seconds",
                                                           .label = "Wait for data",
                                                           .unit = "s",
                                                           .help = "Time the step waited for the loader."}));
    table.push_back(member<&StepMetrics::reduceWaitSeconds>(
        {.key = "reduce_wait_seconds",
         .label = "Wait for other processes",
         .unit = "s",
         .help = "Time the step waited after its last backward pass until the gradients of all processes were added "
                 "up; none in a training of one process."}));
    table.push_back(
        member<&StepMetrics::reduceHidden>({.key = "reduce_hidden",
                                            .label = "Communication hidden",
                                            .unit = {},
                                            .help = "Share of the communication time during which the backward pass "
                                                    "was still running; none in a training of one process.",
                                            .decimals = 2}));
    table.push_back(member<&StepMetrics::residentMegabytes>({.key = "resident_megabytes",
                                                             .label = "Memory",
                                                             .unit = "MB",
                                                             .help = "Memory of the process in RAM.",
                                                             .decimals = 0}));
    table.push_back(member<&StepMetrics::damagedSamples>(
        {.key = "damaged_samples",
         .label = "Damaged samples",
         .unit = "samples",
         .help = "Samples that could not be read and were left out since the run began or was resumed.",
         .decimals = 0}));
    table.push_back(member<&StepMetrics::leftOut>(
        {.key = "micro_batches_left_out",
         .label = "Micro-batches left out",
         .unit = "batches",
         .help = "Micro-batches of the step whose loss was not finite; the others made the step.",
         .decimals = 0}));
    table.push_back(member<&StepMetrics::skipped>(
        {.key = "skipped",
         .label = "Skipped",
         .unit = {},
         .help = "Whether the step was skipped because its loss or gradient was not finite.",
         .decimals = 0}));
    return table;
}

std::vector<BlockMetric> makeBlockTable()
{
    const auto share = [](const char* name, const char* label, double BlockAttention::*value) {
        return BlockMetric{.text = {.key = std::string("attention/") + name,
                                    .label = std::string("Attention on ") + label,
                                    .unit = {},
                                    .help = std::string("Share of cross-attention on ") + label +
                                            ", mean over samples, heads and latent tokens."},
                           .value = value};
    };
    const auto adds = [](const char* name, const char* label, double BlockAttention::*value) {
        return BlockMetric{.text = {.key = std::string("contribution/") + name,
                                    .label = std::string("Contribution of ") + label,
                                    .unit = {},
                                    .help = std::string("Share of ") + label +
                                            " in what cross-attention adds to the latent tokens, as lengths of vectors "
                                            "after its output projection."},
                           .value = value};
    };
    const auto radius = [](const char* name, const char* label, double BlockAttention::*value) {
        return BlockMetric{
            .text = {.key = std::string("radius/") + name,
                     .label = std::string("Radius, ") + name + " head",
                     .unit = "latent tokens",
                     .help = std::string("How far the ") + label + " of a block's heads reaches by its spatial prior.",
                     .decimals = 2},
            .value = value};
    };
    return {share("text", "text", &BlockAttention::text),
            share("cls", "CLS", &BlockAttention::cls),
            share("patches", "patches", &BlockAttention::patches),
            {.text = {.key = "attention/alignment",
                      .label = "Alignment",
                      .unit = "patches",
                      .help = "Distance from a latent's own place to the centre of its attention on patches.",
                      .decimals = 2},
             .value = &BlockAttention::alignment},
            {.text = {.key = "attention/even_alignment",
                      .label = "Alignment if even",
                      .unit = "patches",
                      .help = "What the alignment would be if attention on patches were uniform.",
                      .decimals = 2},
             .value = &BlockAttention::evenAlignment},
            adds("text", "text", &BlockAttention::textAdds),
            adds("cls", "CLS", &BlockAttention::clsAdds),
            adds("patches", "patches", &BlockAttention::patchesAdd),
            radius("narrowest", "narrowest", &BlockAttention::narrowest),
            radius("widest", "widest", &BlockAttention::widest)};
}

std::vector<MetricText> makeIntervalTable()
{
    std::vector<MetricText> table = {
        {.key = "preview/raw_difference",
         .label = "Difference of raw and averaged previews",
         .unit = {},
         .help = "Mean absolute difference of the pixels generated with raw and averaged weights, as a share of their "
                 "range.",
         .decimals = 4}};
    const auto add = [&table](const char* split, const char* words) {
        const auto row = [&](const char* name, const char* label, const char* help) {
            table.push_back({.key = std::string("worth/") + split + "/" + name,
                             .label = std::string(label) + ", " + words,
                             .unit = {},
                             .help = std::string(help) + " Mean over pictures of the " + words + " set.",
                             .decimals = 4});
        };
        row("loss", "Loss at fixed draws",
            "Loss of the averaged weights at fixed times and noises, all conditions given.");
        row("caption_gain", "Caption gain", "How much that loss grows when the text is replaced by the null.");
        row("dino_gain", "DINO gain", "How much it grows when CLS and patches are replaced by their nulls.");
        row("patch_gain", "Patch gain", "How much it grows when the patches are left out and text and CLS stay.");
    };
    add("val", "validation");
    add("train", "training");
    return table;
}

} // namespace

const std::vector<StepMetric>& stepMetricTable()
{
    static const auto table = makeTable();
    return table;
}

const StepMetric& stepMetric(const std::string& key)
{
    const auto& table = stepMetricTable();
    const auto found = std::find_if(table.begin(), table.end(), [&](const auto& m) { return m.text.key == key; });
    if (found == table.end())
        throw UsageError("a training step has no metric \"" + key + "\"");
    return *found;
}

const std::vector<BlockMetric>& blockMetricTable()
{
    static const auto table = makeBlockTable();
    return table;
}

const std::vector<MetricText>& intervalMetricTable()
{
    static const auto table = makeIntervalTable();
    return table;
}

const MetricText& metricText(const std::string& key)
{
    for (const auto& metric : intervalMetricTable()) {
        if (metric.key == key)
            return metric;
    }
    for (const auto& metric : blockMetricTable()) {
        if (metric.text.key == key)
            return metric.text;
    }
    return stepMetric(key).text;
}

double meanOverBlocks(const StepMetrics& metrics, const BlockMetric& metric)
{
    if (metrics.attention.empty())
        return std::numeric_limits<double>::quiet_NaN();
    double sum = 0;
    for (const auto& block : metrics.attention)
        sum += block.*metric.value;
    return sum / static_cast<double>(metrics.attention.size());
}

} // namespace nanodit
