#include "core/validate/nearest_training.h"

#include "core/inspect/unit_rows.h"
#include "core/io/tensor.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

#include <cstdint>

namespace nanodit {

namespace {

constexpr std::int64_t blockSize = 2048; // samples compared at once

} // namespace

std::optional<std::vector<NearestPicture>> nearestTrainingPictures(const ShardSet& set, const at::Tensor& cls,
                                                                   const JobContext& context)
{
    const at::NoGradGuard noGradient;
    if (cls.size(1) != set.dinoWidth())
        throw DataError("the set " + set.folder().string() + " holds CLS features of " +
                        std::to_string(set.dinoWidth()) + " numbers, but the encoder gives " +
                        std::to_string(cls.size(1)) + ": set encoders.dino to the one that it was made with");
    const auto queries = unitRows(cls.to(at::kCPU, at::kFloat));
    auto best = at::full({queries.size(0)}, -2.0, at::TensorOptions(at::kFloat)); // below any cosine
    auto where = at::full({queries.size(0)}, -1, at::TensorOptions(at::kLong));
    const auto total = static_cast<std::int64_t>(set.entries().size());
    std::vector<at::Tensor> rows;
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < total; ++i) {
        if (context.shouldStop())
            return std::nullopt;
        try {
            rows.push_back(floatCopyOf(set.readCls(i)));
            places.push_back(i);
        } catch (const DataError&) { // training passes it over, too
        }
        if (rows.empty() || (static_cast<std::int64_t>(rows.size()) < blockSize && i + 1 < total))
            continue;
        const auto similarities = at::nan_to_num(queries.matmul(unitRows(at::stack(rows)).t()), -2.0); // [Q, block]
        const auto [value, index] = similarities.max(1);
        const auto better = value > best;
        best = at::where(better, value, best);
        where = at::where(better, at::tensor(places, at::kLong).index_select(0, index), where);
        rows.clear();
        places.clear();
    }
    std::vector<NearestPicture> nearest;
    for (std::int64_t q = 0; q < queries.size(0); ++q) {
        const auto place = where[q].item<std::int64_t>();
        if (place < 0)
            return std::nullopt;
        nearest.push_back(
            {.id = set.entries()[static_cast<std::size_t>(place)].id, .similarity = best[q].item<double>()});
    }
    return nearest;
}

} // namespace nanodit
