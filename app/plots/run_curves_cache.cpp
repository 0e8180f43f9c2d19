#include "app/plots/run_curves_cache.h"

#include "app/background_queue.h"

#include <algorithm>

namespace nanodit {

RunCurvesCache::RunCurvesCache(BackgroundQueue& readings, QObject* parent)
    : QObject(parent)
    , readings_(readings)
{
}

RunCurves* RunCurvesCache::of(const std::vector<RunInfo>& runs, const QString& name)
{
    if (auto* const known = curves_.value(name))
        return known;
    const auto run = std::ranges::find(runs, name.toStdString(), &RunInfo::name);
    if (run == runs.end())
        return nullptr;
    auto* const curves = new RunCurves(this);
    curves_.insert(name, curves);
    curves->load(readings_, run->folder);
    return curves;
}

void RunCurvesCache::readOn()
{
    for (auto* const curves : std::as_const(curves_))
        curves->loadMore(readings_);
}

void RunCurvesCache::forget(const QString& name)
{
    delete curves_.take(name);
}

void RunCurvesCache::clear()
{
    qDeleteAll(curves_);
    curves_.clear();
}

} // namespace nanodit
