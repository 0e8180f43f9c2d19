#include "app/pages/sample/picture_series.h"

#include "core/front/sampling.h"

#include <QCoreApplication>

namespace nanodit {

namespace {

struct SeriesText {
    Q_DECLARE_TR_FUNCTIONS(SamplePage)
};

/// "step-00002000" -> "step 2000"; other names as they are.
QString labelOf(const std::filesystem::path& checkpoint)
{
    const auto name = checkpointFolder(checkpoint).filename().string();
    const auto step = checkpointStep(name);
    return step ? SeriesText::tr("step %1").arg(*step) : QString::fromStdString(name);
}

} // namespace

std::vector<SeriesPicture> seriesOverSeeds(const SampleRequest& request, const std::filesystem::path& checkpoint,
                                           std::int64_t count)
{
    std::vector<SeriesPicture> series;
    for (std::int64_t i = 0; i < count; ++i) {
        series.push_back({.request = request, .checkpoint = checkpoint, .label = {}});
        series.back().request.seed += static_cast<std::uint64_t>(i);
        series.back().label = SeriesText::tr("seed %1").arg(series.back().request.seed);
    }
    return series;
}

std::vector<SeriesPicture> seriesOverCheckpoints(const SampleRequest& request,
                                                 const std::vector<std::filesystem::path>& checkpoints)
{
    std::vector<SeriesPicture> series;
    for (const auto& checkpoint : checkpoints)
        series.push_back({.request = request, .checkpoint = checkpoint, .label = labelOf(checkpoint)});
    return series;
}

std::vector<SeriesPicture> seriesOverBranches(const SampleRequest& request, const std::filesystem::path& checkpoint)
{
    std::vector<SeriesPicture> series;
    for (const auto& branch : branchesAlone(request))
        series.push_back(
            {.request = branch.request, .checkpoint = checkpoint, .label = QString::fromStdString(branch.name)});
    return series;
}

} // namespace nanodit
