#include "core/train/measure_worth.h"

#include "core/model/autocast.h"
#include "core/runtime/error.h"
#include "core/train/draws.h"
#include "core/train/flow_matching.h"
#include "core/train/preview.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <utility>

namespace nanodit {

namespace {

constexpr std::array<float, 4> times = {0.125F, 0.375F, 0.625F, 0.875F};
constexpr auto pairs = static_cast<std::int64_t>(times.size());

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
std::int64_t hashOf(const std::string& id)
{
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : id)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return static_cast<std::int64_t>(hash);
}

/// Of a picture, at a step that no training has.
DrawKey keyOf(std::int64_t seed, const std::string& id)
{
    return {.seed = seed, .step = -2, .microBatch = hashOf(id)};
}

/// The one sample so many times, in no more memory.
Conditions repeated(Conditions conditions, std::int64_t count)
{
    for (auto* const tensor : {&conditions.cls, &conditions.patches, &conditions.text}) {
        auto shape = tensor->sizes().vec();
        shape[0] = count;
        *tensor = tensor->expand(shape);
    }
    return conditions;
}

/// [1, 1, H, W]; undefined where all pixels count alike.
at::Tensor weightsOf(const ShardSample& sample, at::Device device)
{
    if (sample.lossMask.shape.empty())
        return {};
    return floatCopyOf(sample.lossMask).unsqueeze(0).unsqueeze(0).to(device);
}

/// Places of the chosen samples, by id.
std::vector<std::int64_t> chosenOf(const ShardSet& set, std::int64_t count, std::int64_t seed)
{
    struct Candidate {
        std::uint64_t rank;
        std::int64_t place;
    };
    const auto entries = set.entries();
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < entries.size(); ++i)
        candidates.push_back({seedFor(keyOf(seed, entries[i].id)), static_cast<std::int64_t>(i)});
    std::ranges::sort(candidates, {}, &Candidate::rank);
    if (static_cast<std::int64_t>(candidates.size()) > count)
        candidates.resize(static_cast<std::size_t>(count));
    std::vector<std::int64_t> places;
    for (const auto& candidate : candidates)
        places.push_back(candidate.place);
    std::ranges::sort(places, {}, [&entries](std::int64_t i) { return entries[static_cast<std::size_t>(i)].id; });
    return places;
}

} // namespace

WorthMeter::WorthMeter(const NanoDiT& model, DinoStatistics statistics, std::int64_t textTokens, std::int64_t seed,
                       const Compute& compute)
    : model_(model)
    , statistics_(std::move(statistics))
    , textTokens_(textTokens)
    , seed_(seed)
    , compute_(compute)
{
}

PictureWorth WorthMeter::measure(const ShardSample& sample) const
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(compute_.precision);
    const auto latent = floatCopyOf(sample.latent);
    const auto channels = latent.size(0), rows = latent.size(1), cols = latent.size(2);
    auto generator = generatorFor(keyOf(seed_, sample.id));
    const auto noise = at::randn({pairs, channels, rows, cols}, generator, at::TensorOptions(at::kFloat));
    const auto there = [this](const at::Tensor& tensor) { return tensor.to(compute_.device); };
    const auto x0 = there(latent).unsqueeze(0).expand({pairs, channels, rows, cols});
    const auto t = there(at::tensor(std::vector<float>(times.begin(), times.end()), at::TensorOptions(at::kFloat)));
    const auto eps = there(noise);
    const auto weights = weightsOf(sample, compute_.device);
    const auto conditions = repeated(conditionsOf(sample, statistics_, textTokens_).to(compute_), pairs);
    const auto grid = model_.tokenGrid(rows, cols);
    std::vector<at::Tensor> losses;
    const auto lookAt = [&](const Conditions& given, bool nullText, bool nullDino) {
        const Drops drops{.text = std::vector<bool>(pairs, nullText), .dino = std::vector<bool>(pairs, nullDino)};
        const auto context = model_.context(given, drops, grid);
        losses.push_back(flowMatching(model_, x0, eps, t, context, {},
                                      weights.defined() ? weights.expand({pairs, 1, rows, cols}) : weights)
                             .mean());
    };
    lookAt(conditions, false, false);
    lookAt(conditions, true, false);
    lookAt(conditions, false, true);
    if (model_.config().useDinoPatches) {
        auto withoutPatches = conditions;
        withoutPatches.patchMask = at::zeros({pairs, conditions.patches.size(1)}, at::kBool);
        lookAt(withoutPatches, false, false);
    }
    const auto here = at::stack(losses).to(at::kCPU, at::kDouble); // the only wait for a device
    const auto* const found = here.data_ptr<double>();
    return {.id = sample.id,
            .loss = found[0],
            .nullText = found[1],
            .nullDino = found[2],
            .clsOnly = found[losses.size() == 4 ? 3 : 0]};
}

std::optional<std::vector<PictureWorth>> measureWorth(const WorthMeter& meter, const WorthSample& sample,
                                                      const JobContext& context)
{
    struct Part {
        const ShardSet* set;
        std::vector<std::int64_t> places;
        bool training;
    };
    std::vector<Part> parts;
    if (sample.validation)
        parts.push_back(
            {sample.validation.get(), chosenOf(*sample.validation, sample.ofValidation, sample.seed), false});
    if (sample.training)
        parts.push_back({sample.training.get(), chosenOf(*sample.training, sample.ofTraining, sample.seed), true});
    std::int64_t total = 0;
    for (const auto& part : parts)
        total += static_cast<std::int64_t>(part.places.size());
    ProgressMeter progress(context, Stage::MeasuringPictures, total, Unit::Pictures);
    std::vector<PictureWorth> measured;
    std::vector<std::string> unreadable;
    for (const auto& part : parts) {
        for (const auto place : part.places) {
            if (context.shouldStop())
                return std::nullopt;
            try {
                measured.push_back(meter.measure(part.set->read(place)));
                measured.back().training = part.training;
            } catch (const DataError& error) {
                unreadable.push_back(error.what());
            }
            progress.advance();
        }
    }
    if (!unreadable.empty())
        context.warn(std::to_string(unreadable.size()) + " pictures were left out of what conditions are worth, the " +
                     "first because " + unreadable.front());
    return measured;
}

} // namespace nanodit
