#include "core/inspect/set_map.h"

#include "core/inspect/cls_tokens.h"
#include "core/inspect/inspection.h"
#include "core/inspect/unit_rows.h"
#include "core/io/atomic_file.h"
#include "core/preprocess/workspace_state.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"
#include "core/runtime/split_mix.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::int64_t neighbours = 15;     ///< That decide a record's place.
constexpr std::int64_t components = 64;     ///< Of the tokens, in which neighbours are looked for.
constexpr int epochs = 200, repulsions = 5; ///< Repulsions: of each record by others, for each attraction.
constexpr std::int64_t mappedAtOnce = 1024;
constexpr std::uint64_t mapSeed = 7; ///< The same set gives the same map.

/// The directions of unit length, in the principal components of the set. [N, at most `components`]
at::Tensor principal(const at::Tensor& values)
{
    const auto directions = unitRows(values);
    const auto centred = directions - directions.mean(0, true);
    const auto covariance = centred.t().matmul(centred).to(at::kDouble); // [D, D]
    const auto [variances, axes] = at::linalg_eigh(covariance);          // ascending
    const auto count = std::min(components, axes.size(1));
    const auto first = axes.narrow(1, axes.size(1) - count, count).flip({1}).to(at::kFloat);
    // An axis has no sign of its own: the component of largest size is positive, on any machine.
    const auto largest = std::get<1>(first.abs().max(0, true));
    return centred.matmul(first * first.gather(0, largest).sign());
}

struct Edge {
    std::int32_t from = 0, to = 0;
    float weight = 0;
};

/// Distances to the nearest, less that to the very nearest, become memberships that sum to log2 of their number.
std::vector<float> memberships(const float* distances, std::int64_t count)
{
    const double nearest = distances[0], wanted = std::log2(double(count));
    double low = 0, high = 1e6, sigma = 1;
    const auto sumOf = [&](double width) {
        double sum = 0;
        for (std::int64_t i = 0; i < count; ++i)
            sum += std::exp(-std::max(0.0, double(distances[i]) - nearest) / width);
        return sum;
    };
    constexpr int halvings = 48;
    for (int i = 0; i < halvings; ++i) {
        (sumOf(sigma) > wanted ? high : low) = sigma;
        sigma = high > 1e5 ? sigma * 2 : (low + high) / 2;
    }
    std::vector<float> result(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i)
        result[static_cast<std::size_t>(i)] =
            float(std::exp(-std::max(0.0, double(distances[i]) - nearest) / std::max(sigma, 1e-9)));
    return result;
}

/// The graph of nearest neighbours, each edge once, its weight the probability that either end is near the other.
/// Empty when stopped.
std::vector<Edge> graphOf(const at::Tensor& points, ProgressMeter& meter, const JobContext& context)
{
    const auto count = points.size(0), nearest = std::min(neighbours, count - 1);
    const auto squares = points.square().sum(1);
    std::map<std::pair<std::int32_t, std::int32_t>, float> weights;
    for (std::int64_t begin = 0; begin < count; begin += mappedAtOnce) {
        if (context.shouldStop())
            return {};
        const auto rows = std::min(mappedAtOnce, count - begin);
        auto distances = squares.narrow(0, begin, rows).unsqueeze(1) + squares.unsqueeze(0) -
                         2 * points.narrow(0, begin, rows).matmul(points.t()); // [rows, N]
        distances.diagonal(begin).fill_(-1);                                   // itself is the first
        const auto [found, indices] = distances.topk(nearest + 1, 1, /*largest=*/false, /*sorted=*/true);
        const auto lengths = found.narrow(1, 1, nearest).clamp_min(0).sqrt().contiguous();
        const auto others = indices.narrow(1, 1, nearest).contiguous();
        for (std::int64_t row = 0; row < rows; ++row) {
            const auto near = memberships(lengths.data_ptr<float>() + row * nearest, nearest);
            for (std::int64_t i = 0; i < nearest; ++i) {
                const auto from = static_cast<std::int32_t>(begin + row);
                const auto to = static_cast<std::int32_t>(others.data_ptr<std::int64_t>()[row * nearest + i]);
                auto& weight = weights[std::minmax(from, to)];
                const auto own = near[static_cast<std::size_t>(i)];
                weight = weight + own - weight * own;
            }
        }
        meter.advance(rows);
    }
    std::vector<Edge> edges;
    for (const auto& [ends, weight] : weights)
        edges.push_back({.from = ends.first, .to = ends.second, .weight = weight});
    return edges;
}

/// Attracts the ends of edges and repels others: the gradient of UMAP's cross entropy with 1 / (1 + d^2) as the
/// likeness on the map. False when stopped.
bool settle(std::vector<float>& map, const std::vector<Edge>& edges, const JobContext& context)
{
    const auto count = map.size() / 2;
    const float strongest = std::max_element(edges.begin(), edges.end(), [](const auto& a, const auto& b) {
                                return a.weight < b.weight;
                            })->weight;
    SplitMix64 random(mapSeed);
    std::vector<float> due(edges.size(), 0);
    const auto clipped = [](float x) { return std::clamp(x, -4.f, 4.f); };
    for (int epoch = 0; epoch < epochs; ++epoch) {
        if (context.shouldStop())
            return false;
        const float rate = 1 - float(epoch) / float(epochs);
        for (std::size_t e = 0; e < edges.size(); ++e) {
            due[e] += edges[e].weight / strongest;
            if (due[e] < 1)
                continue;
            due[e] -= 1;
            float* const a = map.data() + 2 * edges[e].from;
            float* const b = map.data() + 2 * edges[e].to;
            const float dx = a[0] - b[0], dy = a[1] - b[1], pull = -2 / (1 + dx * dx + dy * dy);
            for (const auto& [axis, d] : {std::pair(0, dx), std::pair(1, dy)}) {
                const float step = rate * clipped(pull * d);
                a[axis] += step;
                b[axis] -= step;
            }
            for (int i = 0; i < repulsions; ++i) {
                const float* const other = map.data() + 2 * (random.next() % count);
                if (other == a)
                    continue;
                const float x = a[0] - other[0], y = a[1] - other[1], square = x * x + y * y;
                const float push = 2 / ((0.001f + square) * (1 + square));
                a[0] += rate * clipped(push * x);
                a[1] += rate * clipped(push * y);
            }
        }
    }
    return true;
}

/// Both axes by the same factor, so that distances stay true, the smaller one in the middle.
void intoUnitSquare(std::vector<float>& map)
{
    float low[2] = {map[0], map[1]}, high[2] = {map[0], map[1]};
    for (std::size_t i = 0; i < map.size(); ++i) {
        low[i % 2] = std::min(low[i % 2], map[i]);
        high[i % 2] = std::max(high[i % 2], map[i]);
    }
    const float side = std::max({high[0] - low[0], high[1] - low[1], 1e-6f});
    for (std::size_t i = 0; i < map.size(); ++i)
        map[i] = std::clamp(0.5f + (map[i] - (low[i % 2] + high[i % 2]) / 2) / side, 0.f, 1.f);
}

/// Other than what was kept: tokens, or the rules of the layout (their version stands first).
std::string keyOf(const Workspace& workspace, const std::vector<RecordInfo>& records)
{
    return "1-" + stateOfClsTokens(workspace, records, ClsUse::AlsoStale);
}

/// Empty where none is kept, it is of other tokens, or it is damaged: it can be made again.
std::optional<SetMap> keptMap(const fs::path& file, const std::string& key)
{
    std::error_code none;
    if (!fs::exists(file, none))
        return std::nullopt;
    try {
        const auto kept = json::parse(readTextFile(file));
        if (kept.at("key").get<std::string>() != key)
            return std::nullopt;
        SetMap map;
        map.without = kept.at("without").get<std::int64_t>();
        for (const auto& point : kept.at("points"))
            map.points.push_back(
                {.id = point.at(0).get<std::string>(), .x = point.at(1).get<float>(), .y = point.at(2).get<float>()});
        return map;
    } catch (const json::exception&) {
        return std::nullopt;
    } catch (const DataError&) {
        return std::nullopt;
    }
}

void keepMap(const fs::path& file, const std::string& key, const SetMap& map)
{
    auto points = json::array();
    for (const auto& point : map.points)
        points.push_back(json::array({point.id, point.x, point.y}));
    fs::create_directories(file.parent_path());
    writeFileAtomically(file, json{{"key", key}, {"without", map.without}, {"points", std::move(points)}}.dump());
}

JobEnd mapSet(const SetMapRequest& request, const JobContext& context)
{
    const auto& workspace = request.workspace;
    const auto records = listRecords(workspace);
    const auto file = cacheFolder(workspace) / "set_map.json";
    const auto key = keyOf(workspace, records);
    if (const auto kept = keptMap(file, key)) {
        request.finished(*kept);
        return JobEnd::Finished;
    }
    const auto tokens = readClsTokens(workspace, records, ClsUse::AlsoStale, context);
    if (!tokens)
        return JobEnd::Cancelled;
    if (tokens->records.empty())
        throw DataError("no record of " + workspace.root.string() + " has a CLS token, by which the map is made",
                        remedy::RunPasses{});
    const auto places = layOut(tokens->values, tokens->width, context);
    if (places.empty())
        return JobEnd::Cancelled;
    SetMap map;
    map.without = static_cast<std::int64_t>(records.size() - tokens->records.size());
    for (std::size_t i = 0; i < tokens->records.size(); ++i)
        map.points.push_back({.id = records[tokens->records[i]].id, .x = places[2 * i], .y = places[2 * i + 1]});
    try {
        keepMap(file, key, map);
    } catch (const std::exception& error) { // the map is there all the same
        context.warn("the map could not be saved and will be computed again: " + sentenceOf(error));
    }
    request.finished(map);
    return JobEnd::Finished;
}

} // namespace

std::vector<float> layOut(const std::vector<float>& values, std::int64_t width, const JobContext& context)
{
    const auto count = static_cast<std::int64_t>(values.size()) / width;
    if (count == 1)
        return {0.5f, 0.5f};
    const at::NoGradGuard noGradient;
    const auto rows = at::from_blob(const_cast<float*>(values.data()), {count, width}, at::kFloat);
    const auto points = principal(rows);
    ProgressMeter meter(context, Stage::ComparingPictures, count, Unit::Records);
    const auto edges = graphOf(points, meter, context);
    if (edges.empty())
        return {};
    // Begun at the two first components, ten units wide; records that are equal are pulled apart a little.
    auto begin = at::zeros({count, 2});
    const auto known = std::min<std::int64_t>(2, points.size(1));
    begin.narrow(1, 0, known).copy_(points.narrow(1, 0, known));
    begin = begin * (10 / begin.abs().max().clamp_min(1e-6));
    begin = begin.contiguous();
    std::vector<float> map(begin.data_ptr<float>(), begin.data_ptr<float>() + 2 * count);
    SplitMix64 random(mapSeed);
    for (auto& x : map)
        x += 1e-3f * float(random.next() % 1000) / 1000;
    if (!settle(map, edges, context))
        return {};
    intoUnitSquare(map);
    return map;
}

std::unique_ptr<Job> makeSetMapJob(SetMapRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return mapSet(request, context); });
}

} // namespace nanodit
