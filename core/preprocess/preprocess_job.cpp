#include "core/dataset/catalog_part.h"
#include "core/io/work_lock.h"
#include "core/preprocess/cut_captions.h"
#include "core/preprocess/jobs.h"
#include "core/preprocess/pass_plan.h"
#include "core/preprocess/pass_run.h"
#include "core/preprocess/precision.h"
#include "core/preprocess/set_aside.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// In the order of the request, each once.
std::vector<Pass> distinct(const std::vector<Pass>& wanted)
{
    std::vector<Pass> passes;
    for (const auto pass : wanted) {
        if (std::ranges::find(passes, pass) == passes.end())
            passes.push_back(pass);
    }
    return passes;
}

Catalog openFilled(const Workspace& workspace)
{
    auto catalog = Catalog::open(workspace);
    if (catalog.recordCount() == 0)
        throw noRecordsYet(workspace);
    return catalog;
}

/// What stands in the way of the passes is told before the first begins, not hours later when it is the second one's
/// turn. Empty when stopped.
std::optional<PreprocessForecast> permitted(const std::vector<Pass>& passes, const Workspace& workspace,
                                            Catalog& catalog, const PassEncoders& encoders, const JobContext& context,
                                            const FreeBytes& freeBytes, std::int64_t memory)
{
    for (const auto pass : passes) {
        if (const auto obstacle = encoders.obstacle(pass); !obstacle.empty())
            throw DataError(obstacle);
        if (const auto remark = encoders.remark(pass); !remark.empty())
            context.warn(remark);
    }
    for (const auto pass : passes)
        planMemoryOf(pass, workspace, encoders, memory);
    auto forecast = forecastPasses(passes, workspace, catalog, encoders, context, freeBytes);
    if (forecast && !forecast->refusal.empty())
        throw StoreError(forecast->refusal);
    return forecast;
}

/// "a, b, c..."
std::string namesOf(const FoundCaptions& captions)
{
    std::string names;
    for (const auto& id : captions.first)
        names += (names.empty() ? "" : ", ") + id;
    return names + (captions.count > static_cast<std::int64_t>(captions.first.size()) ? "..." : "");
}

void tellOfCaptions(const Catalog& catalog, const PassEncoders& encoders, const JobContext& context)
{
    if (const auto cut = findCutCaptions(catalog, encoders, context); cut && cut->count > 0)
        context.warn(
            std::to_string(cut->count) + (cut->count == 1 ? " caption is" : " captions are") + " longer than " +
            std::to_string(encoders.expectations.textTokens) + " tokens and will be cut: " + namesOf(*cut) +
            "; shorten them, or raise text_tokens in workspace.yaml (is:problem finds them among the records)");
    if (const auto foreign = findUnknownLetters(catalog, encoders, context); foreign && foreign->count > 0)
        context.warn(std::to_string(foreign->count) + (foreign->count == 1 ? " caption means" : " captions mean") +
                     " almost nothing to the text encoder, which does not know the letters: " + namesOf(*foreign) +
                     "; translate them, or name an encoder that knows their language");
}

JobEnd runPasses(const PreprocessRequest& request, const PassLimits& limits, const PassEncoders& encoders,
                 Catalog& catalog, const JobContext& context, const FreeBytes& freeBytes)
{
    const auto& workspace = request.workspace;
    const auto passes = distinct(request.passes);
    const auto forecast = permitted(passes, workspace, catalog, encoders, context, freeBytes, limits.memory);
    PreprocessReport report;
    auto end = forecast ? JobEnd::Finished : JobEnd::Cancelled;
    std::string tooMany;
    for (std::size_t i = 0; i < passes.size() && end == JobEnd::Finished && tooMany.empty(); ++i) {
        // Somebody else may have filled the disk since.
        const auto refusal = refusalOf(forecast->passes[i], forecast->folder, freeBytes(forecast->folder));
        if (!refusal.empty())
            throw StoreError(refusal);
        auto outcome = runPass(passes[i], workspace, catalog, encoders, context, limits);
        report.passes.push_back(std::move(outcome.report));
        limits.onMemory(outcome.memory);
        end = outcome.end;
        tooMany = outcome.tooMany;
    }
    request.finished(report);
    if (end == JobEnd::Finished && std::ranges::find(passes, Pass::T5) != passes.end())
        tellOfCaptions(catalog, encoders, context);
    if (!tooMany.empty())
        throw TooManyFailures(tooMany);
    return end;
}

/// `openEncoders` is called once nobody else is at work: what decides how they compute changes for all.
JobEnd preprocess(const PreprocessRequest& request, const PassLimits& limits,
                  const std::function<PassEncoders()>& openEncoders, const JobContext& context,
                  const FreeBytes& freeBytes)
{
    const auto& workspace = request.workspace;
    const auto& share = request.share;
    const auto lockFor = [&](WorkLock::Right right, const std::string& others) {
        auto lock = std::make_unique<WorkLock>(workLockFile(workspace), workLockText(workspace), right);
        if (!lock->held())
            context.warn("the file system of " + workspace.catalogFile().string() + " has no locks: make sure that " +
                         others + " run in this workspace at the same time");
        return lock;
    };
    if (!share.isWhole()) {
        if (!fs::exists(workspace.catalogFile()))
            throw noRecordsYet(workspace);
        const auto lock = lockFor(WorkLock::Right::Shared, "no passes without ranks");
        CatalogPart part(workspace, share);
        context.info("rank " + std::to_string(share.rank) + " of " + std::to_string(share.worldSize) + " (" +
                     share.origin + "): " + std::to_string(part.catalog().recordCount()) + " records");
        const auto end = runPasses(request, limits, openEncoders(), part.catalog(), context, freeBytes);
        part.close();
        return end;
    }
    auto catalog = openFilled(workspace);
    if (const auto ranks = ranksAtWork(workspace); !ranks.empty())
        throw StoreError("rank " + std::to_string(ranks.front()) + " is still at work on the workspace " +
                         workspace.root.string() +
                         ", and its arrays would be treated as foreign: wait for it to end, or stop it");
    const auto lock = lockFor(WorkLock::Right::Alone, "no other passes");
    return runPasses(request, limits, openEncoders(), catalog, context, freeBytes);
}

JobEnd foretell(const ForecastRequest& request, const PassEncoders& encoders, const JobContext& context,
                const FreeBytes& freeBytes)
{
    auto catalog = openFilled(request.workspace);
    const auto forecast =
        forecastPasses(distinct(request.passes), request.workspace, catalog, encoders, context, freeBytes);
    if (!forecast)
        return JobEnd::Cancelled;
    request.finished(*forecast);
    return JobEnd::Finished;
}

} // namespace

std::unique_ptr<Job> makePreprocessJobWith(PreprocessRequest request, PassEncoders encoders, PassLimits limits,
                                           FreeBytes freeBytes)
{
    return makeJob([request = std::move(request), encoders = std::move(encoders), limits = std::move(limits),
                    freeBytes = std::move(freeBytes)](const JobContext& context) {
        return preprocess(
            request, limits, [&encoders] { return encoders; }, context, freeBytes);
    });
}

std::unique_ptr<Job> makePreprocessJob(PreprocessRequest request)
{
    return makePreprocessJob(std::move(request), {});
}

std::unique_ptr<Job> makePreprocessJob(PreprocessRequest request, PassLimits limits)
{
    return makeJob([request = std::move(request), limits = std::move(limits)](const JobContext& context) {
        const auto compute = makeCompute(request.device);
        if (limits.precision && !request.share.isWhole())
            throw UsageError("ranks cannot decide the precision of matrix products, which is the same in the entire "
                             "workspace",
                             remedy::FixPrecision{});
        const auto openEncoders = [&] {
            if (limits.precision)
                decidePrecision(request.workspace, *limits.precision, compute.device, context);
            return encodersOf(request.workspace, compute);
        };
        return preprocess(request, limits, openEncoders, context, freeBytesFor);
    });
}

std::unique_ptr<Job> makeForecastJobWith(ForecastRequest request, PassEncoders encoders, FreeBytes freeBytes)
{
    return makeJob([request = std::move(request), encoders = std::move(encoders), freeBytes = std::move(freeBytes)](
                       const JobContext& context) { return foretell(request, encoders, context, freeBytes); });
}

std::unique_ptr<Job> makeForecastJob(ForecastRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        return foretell(request, encodersOf(request.workspace, makeCompute(request.device)), context, freeBytesFor);
    });
}

} // namespace nanodit
