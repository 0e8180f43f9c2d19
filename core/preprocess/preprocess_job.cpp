#include "core/preprocess/jobs.h"
#include "core/preprocess/pass_run.h"
#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit {

namespace {

JobEnd preprocess(const PreprocessRequest& request, const PassEncoders& encoders, const JobContext& context)
{
    std::vector<Pass> passes;
    for (const auto pass : request.passes) {
        if (std::ranges::find(passes, pass) == passes.end())
            passes.push_back(pass);
    }
    auto catalog = Catalog::open(request.workspace);
    if (catalog.recordCount() == 0)
        throw DataError("the workspace " + request.workspace.root.string() +
                        " has no records yet: add pictures with \"nanodit import FOLDER\"");
    // Before the first pass begins, not hours later when it is the second one's turn.
    for (const auto pass : passes) {
        if (const auto obstacle = encoders.obstacle(pass); !obstacle.empty())
            throw DataError(obstacle);
    }
    PreprocessReport report;
    auto end = JobEnd::Finished;
    for (const auto pass : passes) {
        auto outcome = runPass(pass, request.workspace, catalog, encoders, context);
        report.passes.push_back(std::move(outcome.report));
        end = outcome.end;
        if (end == JobEnd::Cancelled)
            break;
    }
    request.finished(report);
    return end;
}

} // namespace

std::unique_ptr<Job> makePreprocessJobWith(PreprocessRequest request, PassEncoders encoders)
{
    return makeJob([request = std::move(request), encoders = std::move(encoders)](const JobContext& context) {
        return preprocess(request, encoders, context);
    });
}

std::unique_ptr<Job> makePreprocessJob(PreprocessRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        setUpCompute(request.device);
        return preprocess(request, encodersOf(request.workspace, request.device), context);
    });
}

} // namespace nanodit
