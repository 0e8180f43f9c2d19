#include "core/dataset/dino_statistics.h"

#include "core/runtime/error.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace nanodit {

namespace {

/// Below it a channel counts as constant, and dividing would only blow up rounding.
constexpr float leastDeviation = 1e-6f;

float divisorOf(float deviation)
{
    return deviation < leastDeviation ? 1.f : deviation;
}

nlohmann::json jsonOf(const ChannelStatistics& statistics)
{
    return {{"mean", statistics.mean}, {"std", statistics.deviation}};
}

ChannelStatistics statisticsFrom(const nlohmann::json& json, const char* part, const std::string& source)
{
    const auto damaged = [&](const std::string& what) {
        throw DataError(source + " is damaged: its DINO statistics " + what +
                        "; pack the shards again, or use another checkpoint");
    };
    const auto numbers = [&](const char* key) {
        if (!json.is_object() || !json.contains(part) || !json[part].is_object() || !json[part].contains(key) ||
            !json[part][key].is_array())
            damaged(std::string("lack ") + part + "." + key);
        std::vector<float> values;
        for (const auto& value : json[part][key]) {
            if (!value.is_number() || !std::isfinite(value.get<float>()))
                damaged(std::string("hold something other than numbers in ") + part + "." + key);
            values.push_back(value.get<float>());
        }
        return values;
    };
    ChannelStatistics statistics{.mean = numbers("mean"), .deviation = numbers("std")};
    const bool negative =
        std::any_of(statistics.deviation.begin(), statistics.deviation.end(), [](float value) { return value < 0; });
    if (statistics.mean.empty() || statistics.mean.size() != statistics.deviation.size() || negative)
        damaged(std::string("of ") + part + " do not fit together");
    return statistics;
}

} // namespace

at::Tensor ChannelStatistics::normalise(const at::Tensor& x) const
{
    if (x.dim() == 0 || x.size(-1) != width())
        throw DataError("DINO conditions of " + std::to_string(x.dim() == 0 ? 0 : x.size(-1)) +
                        " channels cannot be normalised by statistics of " + std::to_string(width()) +
                        "; they come from another encoder");
    const auto options = at::TensorOptions().dtype(at::kFloat);
    const auto shift = at::tensor(mean, options).to(x.device());
    const auto scale = at::tensor(divisors(), options).to(x.device());
    return (x.to(at::kFloat) - shift) / scale;
}

std::vector<float> ChannelStatistics::divisors() const
{
    std::vector<float> divisors;
    for (const float value : deviation)
        divisors.push_back(divisorOf(value));
    return divisors;
}

nlohmann::json DinoStatistics::toJson() const
{
    return {{"cls", jsonOf(cls)}, {"patches", jsonOf(patches)}};
}

DinoStatistics DinoStatistics::fromJson(const nlohmann::json& json, const std::string& source)
{
    return {.cls = statisticsFrom(json, "cls", source), .patches = statisticsFrom(json, "patches", source)};
}

void ChannelMoments::add(std::span<const float> rows, std::int64_t width)
{
    const auto channels = static_cast<std::size_t>(width);
    if ((!mean_.empty() && channels != mean_.size()) || rows.empty() || rows.size() % channels != 0)
        throw DataError("rows of " + std::to_string(width) + " channels do not fit statistics of " +
                        std::to_string(mean_.empty() ? channels : mean_.size()));
    const auto count = static_cast<double>(rows.size() / channels);
    std::vector<double> mean(channels, 0), squares(channels, 0);
    for (std::size_t row = 0; row < rows.size(); row += channels)
        for (std::size_t c = 0; c < channels; ++c)
            mean[c] += static_cast<double>(rows[row + c]);
    for (auto& sum : mean)
        sum /= count;
    for (std::size_t row = 0; row < rows.size(); row += channels) {
        for (std::size_t c = 0; c < channels; ++c) {
            const double distance = static_cast<double>(rows[row + c]) - mean[c];
            squares[c] += distance * distance;
        }
    }
    combine(mean, squares, count);
}

void ChannelMoments::add(const ChannelStatistics& statistics, std::int64_t count)
{
    if (!mean_.empty() && statistics.mean.size() != mean_.size())
        throw DataError("statistics of " + std::to_string(statistics.width()) + " channels do not fit those of " +
                        std::to_string(mean_.size()));
    const std::vector<double> mean(statistics.mean.begin(), statistics.mean.end());
    std::vector<double> squares;
    for (const double deviation : statistics.deviation)
        squares.push_back(deviation * deviation * static_cast<double>(count));
    combine(mean, squares, static_cast<double>(count));
}

void ChannelMoments::combine(const std::vector<double>& mean, const std::vector<double>& squares, double count)
{
    if (mean_.empty()) {
        mean_.assign(mean.size(), 0);
        squares_.assign(mean.size(), 0);
    }
    const auto before = static_cast<double>(count_);
    for (std::size_t c = 0; c < mean.size(); ++c) {
        const double apart = mean[c] - mean_[c];
        mean_[c] += apart * count / (before + count);
        squares_[c] += squares[c] + apart * apart * before * count / (before + count);
    }
    count_ += static_cast<std::int64_t>(count);
}

ChannelStatistics ChannelMoments::statistics() const
{
    ChannelStatistics statistics;
    for (std::size_t c = 0; c < mean_.size(); ++c) {
        statistics.mean.push_back(static_cast<float>(mean_[c]));
        statistics.deviation.push_back(static_cast<float>(std::sqrt(squares_[c] / static_cast<double>(count_))));
    }
    return statistics;
}

} // namespace nanodit
