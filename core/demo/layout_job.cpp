#include "core/demo/layout_job.h"

#include "core/dataset/record_info.h"
#include "core/demo/truth.h"
#include "core/io/image.h"
#include "core/preprocess/workspace_state.h"
#include "core/runtime/error.h"
#include "core/sample/sampling_session.h"

#include <algorithm>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

Scene truthOfRecord(const Workspace& workspace, const RecordInfo& record)
{
    auto truth = storedTruth(workspace, record.id);
    if (!truth)
        throw DataError("the truth of record " + record.id + " was not found (" +
                            truthFile(workspace, record.id).string() +
                            "): layout errors are known for demo workspaces only",
                        remedy::CreateDemo{});
    return *truth;
}

/// The painted picture at the left, the true one at the right.
Image besideEachOther(const Image& painted, const Image& truth)
{
    Image both{.size = {painted.size.width + truth.size.width, painted.size.height}, .rgb = {}};
    for (std::int64_t y = 0; y < painted.size.height; ++y) {
        both.rgb.insert(both.rgb.end(), painted.at(0, y), painted.at(0, y) + 3 * painted.size.width);
        both.rgb.insert(both.rgb.end(), truth.at(0, y), truth.at(0, y) + 3 * truth.size.width);
    }
    return both;
}

/// The scene after this one, in turn, whose tokens fit its grid.
const RecordInfo& sceneAfter(std::size_t index, const std::vector<RecordInfo>& validation)
{
    for (std::size_t step = 1; step < validation.size(); ++step)
        if (const auto& other = validation[(index + step) % validation.size()];
            other.bucket == validation[index].bucket)
            return other;
    throw DataError("record " + validation[index].id + " is the only validation scene of its bucket, " +
                    "so there is no other whose tokens fit it: draw more scenes");
}

void takeOtherScene(SampleRequest& sample, const LayoutRequest& request, const RecordInfo& other)
{
    if (request.other == OtherScene::Cls)
        sample.clsFrom = RecordReference{other.id};
    else
        sample.blend = ReferenceBlend{.with = RecordReference{other.id}, .weight = request.blendWeight};
}

JobEnd measureLayout(const LayoutRequest& request, const JobContext& context)
{
    auto records = listRecords(request.workspace);
    std::erase_if(records, [](const RecordInfo& record) { return record.split != "val" || !record.excluded.empty(); });
    if (records.empty())
        throw DataError(request.workspace.root.string() + " has no validation records to generate");
    const auto count = std::min(records.size(), static_cast<std::size_t>(request.pictures));
    if (!request.keepPictures.empty())
        fs::create_directories(request.keepPictures);

    const auto session = SamplingSession::open(request.workspace, request.checkpoint, request.device);
    ProgressMeter meter(context, Stage::MeasuringLayout, static_cast<std::int64_t>(count), Unit::Pictures);
    LayoutReport report;
    if (request.other != OtherScene::Nothing)
        report.asOther.emplace();
    for (std::size_t i = 0; i < count; ++i) {
        const auto& record = records[i];
        if (context.shouldStop())
            return JobEnd::Cancelled;
        const auto scene = truthOfRecord(request.workspace, record);
        SampleRequest sample;
        sample.textRecord = record.id;
        sample.reference = RecordReference{record.id};
        sample.size = record.bucket;
        sample.steps = request.steps;
        sample.shift = request.shift;
        sample.textScale = request.textScale;
        sample.dinoScale = request.dinoScale;
        sample.guidance = request.guidance;
        sample.seed = request.seed;
        const RecordInfo* const other = report.asOther ? &sceneAfter(i, records) : nullptr;
        if (other)
            takeOtherScene(sample, request, *other);
        const auto result = session->sample(sample, context, [](const SamplePreview&) {});
        if (!result)
            return JobEnd::Cancelled;
        const auto truth = loadBucketImage(record);
        report.painted += scoreLayout(scene, result->picture);
        report.finder += scoreLayout(scene, truth);
        if (other)
            *report.asOther += scoreLayout(truthOfRecord(request.workspace, *other), result->picture);
        if (!request.keepPictures.empty())
            writePng(request.keepPictures / (record.id + ".png"), besideEachOther(result->picture, truth));
        meter.advance();
    }
    request.finished(report);
    return JobEnd::Finished;
}

} // namespace

std::unique_ptr<Job> makeLayoutJob(LayoutRequest request)
{
    return makeJob(
        [request = std::move(request)](const JobContext& context) { return measureLayout(request, context); });
}

} // namespace nanodit
