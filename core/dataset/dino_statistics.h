#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// Mean and standard deviation of each channel.
struct ChannelStatistics {
    std::vector<float> mean;
    std::vector<float> deviation; ///< Of the population; a channel that never varies has 0.

    std::int64_t width() const { return static_cast<std::int64_t>(mean.size()); }
    /// (x - mean) / deviation over the last dimension, in float32; [..., width]. Constant channels are only shifted.
    at::Tensor normalise(const at::Tensor& x) const;
    /// What normalise divides by: the deviation, 1 for constant channels.
    std::vector<float> divisors() const;
};

/// How the DINO conditions of a data set are distributed: measured while packing, kept with the shards and in every
/// checkpoint, so that sampling normalises as training did.
struct DinoStatistics {
    ChannelStatistics cls;
    ChannelStatistics patches; ///< Over all patches of all pictures.

    bool empty() const { return cls.mean.empty(); }
    nlohmann::json toJson() const;
    /// Throws DataError, naming the file `source`, when a part is missing, of unequal lengths or not finite.
    static DinoStatistics fromJson(const nlohmann::json& json, const std::string& source);
};

/// Gathers ChannelStatistics block by block in float64 (T. F. Chan, G. H. Golub, R. J. LeVeque, 1979).
class ChannelMoments {
public:
    /// `rows` x width, row-major. The first call fixes the width.
    void add(std::span<const float> rows, std::int64_t width);
    /// What was gathered elsewhere, of `count` rows.
    void add(const ChannelStatistics& statistics, std::int64_t count);
    std::int64_t count() const { return count_; }
    ChannelStatistics statistics() const;

private:
    void combine(const std::vector<double>& mean, const std::vector<double>& squares, double count);

    std::int64_t count_ = 0;
    std::vector<double> mean_;
    std::vector<double> squares_; ///< Sum of squared distances from the mean.
};

} // namespace nanodit
