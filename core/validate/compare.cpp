#include "core/runtime/error.h"
#include "core/validate/bootstrap.h"
#include "core/validate/validation.h"

#include <map>
#include <tuple>
#include <utility>

namespace nanodit {

namespace {

using PictureKey = std::tuple<std::string, std::string, std::uint64_t>;

void requireComparable(const ValidationReport& first, const ValidationReport& other)
{
    if (!first.settings.paintsLike(other.settings))
        throw UsageError("the reports " + first.folder.string() + " and " + other.folder.string() +
                         " were generated with other steps, shift or guidance: validate one of them again");
}

std::map<PictureKey, double> valuesOf(const ValidationReport& report, ValidationTask task, const std::string& metric)
{
    std::map<PictureKey, double> values;
    for (const auto& picture : report.pictures) {
        const auto found = picture.values.find(metric);
        if (picture.task == task && found != picture.values.end())
            values[{picture.record, picture.other, picture.seed}] = found->second;
    }
    return values;
}

/// 1 where an interval of differences lies wholly on the better side, -1 on the worse.
int verdictOf(const Interval& interval, Better better)
{
    if (better == Better::Unknown || (interval.low <= 0 && interval.high >= 0))
        return 0;
    return (interval.high < 0) == (better == Better::Lower) ? 1 : -1;
}

} // namespace

bool ValidationSettings::paintsLike(const ValidationSettings& other) const
{
    auto same = other;
    same.tasks = tasks;
    same.records = records;
    same.seed = seed;
    return *this == same;
}

std::vector<MetricDifference> compareReports(const ValidationReport& first, const ValidationReport& other)
{
    requireComparable(first, other);
    std::vector<MetricDifference> differences;
    for (const auto& summary : first.summaries) {
        const bool lpipsDiffers = summary.metric == "lpips" && first.lpips != other.lpips;
        const auto* const counterpart = other.find(summary.task, summary.metric);
        if (!counterpart || lpipsDiffers)
            continue;
        MetricDifference line;
        line.task = summary.task;
        line.metric = summary.metric;
        if (!summary.interval) {
            if (summary.n != counterpart->n)
                continue;
            line.first = summary.mean;
            line.other = counterpart->mean;
            line.n = summary.n;
        } else {
            const auto before = valuesOf(first, summary.task, summary.metric);
            std::vector<double> pairs;
            for (const auto& [key, value] : valuesOf(other, summary.task, summary.metric)) {
                const auto found = before.find(key);
                if (found == before.end())
                    continue;
                line.first += found->second;
                line.other += value;
                pairs.push_back(value - found->second);
            }
            if (pairs.empty())
                continue;
            line.n = static_cast<std::int64_t>(pairs.size());
            line.first /= static_cast<double>(line.n);
            line.other /= static_cast<double>(line.n);
            line.interval = bootstrapInterval(pairs);
            line.verdict = verdictOf(*line.interval, metricInfo(summary.metric).better);
        }
        line.difference = line.other - line.first;
        differences.push_back(std::move(line));
    }
    return differences;
}

} // namespace nanodit
