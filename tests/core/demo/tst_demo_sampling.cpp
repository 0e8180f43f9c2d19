#include "core/config/workspace_config.h"
#include "core/dataset/record_edits.h"
#include "core/dataset/record_info.h"
#include "core/demo/demo_job.h"
#include "core/demo/layout_job.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/model/stored_weights.h"
#include "core/preprocess/workspace_state.h"
#include "core/runs/catalogue.h"
#include "core/runs/run_export.h"
#include "core/runtime/job.h"
#include "core/sample/sample_request.h"
#include "core/sample/sampling_session.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

using namespace nanodit;

/// What a person gives, a prompt and a picture, goes through real encoders to the same conditions that the passes
/// stored for the same caption and picture.
class TestDemoSampling : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        DemoRequest demo;
        demo.folder = folder_ / "demo";
        demo.scenes = 20;
        QVERIFY(makeDemoJob(demo)->run({}) == JobEnd::Finished);
        workspace_ = Workspace::open(demo.folder);
        record_ = listRecords(workspace_).front();
        session_ = open();
    }

    void aPictureCountsAsMuchAsItsRecord()
    {
        auto request = plain();
        request.reference = RecordReference{record_.id};
        const auto stored = paint(request);
        request.reference = PictureReference{record_.image};
        QVERIFY2(meanDifference(paint(request), stored) < 1.0, "the stored arrays are float16: a grey level at most");
        request.reference = NoReference{};
        QVERIFY(meanDifference(paint(request), stored) > 5.0);
    }

    void aRecordAtAnotherSizeIsCroppedAndEncodedForThatSize()
    {
        const auto records = listRecords(workspace_);
        const auto wide = std::find_if(records.begin(), records.end(), [](const RecordInfo& record) {
            return record.bucket == ImageSize{.width = 160, .height = 112};
        });
        QVERIFY(wide != records.end());
        auto request = plain();
        request.size = {.width = 128, .height = 128};
        request.reference = RecordReference{wide->id};
        const auto asRecord = paint(request);
        request.reference = PictureReference{wide->image};
        const auto asPicture = paint(request); // its patches are those of the square crop
        QVERIFY2(meanDifference(asRecord, asPicture) < 1.0,
                 std::to_string(meanDifference(asRecord, asPicture)).c_str());
    }

    void aPromptCountsAsMuchAsTheStoredTextOfTheSameCaption()
    {
        auto request = plain();
        request.textRecord = record_.id;
        const auto stored = paint(request);
        request.textRecord.reset();
        request.prompt = record_.caption;
        QVERIFY(meanDifference(paint(request), stored) < 1.0);
        request.prompt.clear();
        QVERIFY(meanDifference(paint(request), stored) > 5.0);
    }

    void heunTakesAnotherPathToASimilarPicture()
    {
        auto request = plain();
        request.reference = RecordReference{record_.id};
        const auto euler = paint(request);
        request.solver = Solver::Heun;
        const auto heun = paint(request);
        QVERIFY(heun.rgb != euler.rgb);
        QVERIFY(meanDifference(heun, euler) < 40.0);
    }

    void aModelInHalfPrecisionPaintsTheSame()
    {
        const auto checkpoint = listRuns(workspace_).front().checkpoints.back();
        exportRun({.checkpoint = checkpoint, .folder = folder_ / "given"});
        const auto half = listCheckpoints(folder_ / "given").back();
        const auto weights = readWeights(half);
        QVERIFY(weights.begin()->second.scalar_type() == at::kHalf);
        std::int64_t numbers = 0;
        for (const auto& [name, tensor] : weights)
            numbers += tensor.numel();
        QVERIFY(static_cast<double>(std::filesystem::file_size(half / "ema.safetensors")) <
                0.51 * 4 * static_cast<double>(numbers));
        auto request = plain();
        request.textRecord = record_.id;
        request.reference = RecordReference{record_.id};
        const auto single = paint(request);
        const auto session = SamplingSession::open(workspace_, half, {.threads = 2});
        const auto painted = session->sample(request, {}, noPreview)->picture;
        QVERIFY2(meanDifference(painted, single) < 1.0, std::to_string(meanDifference(painted, single)).c_str());
    }

    void layoutsAreMeasuredUnderBothKindsOfGuidance()
    {
        const auto additive = layout(GuidanceMode::Additive, "additive");
        const auto chained = layout(GuidanceMode::Chained, "chained");
        for (const auto& report : {additive, chained}) {
            QCOMPARE(report.painted.pictures, std::int64_t{2});
            QVERIFY(!report.asOther);
            QCOMPARE(report.finder.rightShape, report.painted.things); // of true pictures every shape is told
        }
        QCOMPARE(chained.painted.things, additive.painted.things);
        int compared = 0;
        for (const auto& entry : std::filesystem::directory_iterator(folder_ / "additive")) {
            const auto other = readImage(folder_ / "chained" / entry.path().filename());
            QVERIFY(readImage(entry.path()).rgb != other.rgb);
            ++compared;
        }
        QCOMPARE(compared, 2);
    }

    void layoutsOfExcludedScenesAreNotMeasured()
    {
        setExcluded(workspace_, {"scene-000009"}, "too dark");
        const auto report = layout(GuidanceMode::Additive, "without");
        setExcluded(workspace_, {"scene-000009"}, "");
        QCOMPARE(report.painted.pictures, std::int64_t{1});
    }

    void picturesOfTwoScenesAreComparedWithBoth()
    {
        // Two scenes of one bucket, each the other's other: all things are asked for once as their own and once as the
        // other's.
        const auto records = listRecords(workspace_);
        std::vector<std::string> formerly, two;
        for (const auto& record : records) {
            if (record.split == "val")
                formerly.push_back(record.id);
            if (record.bucket == records.front().bucket && two.size() < 2)
                two.push_back(record.id);
        }
        setSplit(workspace_, formerly, "train");
        setSplit(workspace_, two, "val");
        const auto cls = layout("cls", OtherScene::Cls);
        const auto own = layout("own", OtherScene::Blend, 1.0);
        const auto swapped = layout("swapped", OtherScene::Blend, 0.0);
        setSplit(workspace_, {two.back()}, "train");
        const auto alone = test::errorOf([this] { layout("alone", OtherScene::Cls); });
        setSplit(workspace_, two, "train");
        setSplit(workspace_, formerly, "val");

        for (const auto& report : {cls, own, swapped}) {
            QVERIFY(report.asOther);
            QCOMPARE(report.asOther->pictures, report.painted.pictures);
            QCOMPARE(report.asOther->things, report.painted.things);
        }
        QVERIFY(own.painted.error() < own.asOther->error());
        QVERIFY(swapped.painted.error() > swapped.asOther->error());
        QVERIFY2(alone.find("the only validation scene of its bucket") != std::string::npos, alone.c_str());
    }

    void warnsOfEncodersThatTheModelWasNotTrainedWith()
    {
        QVERIFY(session_->sample(plain(), {}, noPreview)->warnings.empty());
        const auto file = workspace_.path(workspace_.config.t5Encoder) / "config.json";
        const auto before = readTextFile(file);
        writeFileAtomically(file, before + "\n");
        const auto warnings = open()->sample(plain(), {}, noPreview)->warnings;
        writeFileAtomically(file, before);
        QCOMPARE(warnings.size(), std::size_t{1});
        QVERIFY2(warnings.front().find("encoders.t5") != std::string::npos, warnings.front().c_str());
    }

private:
    static void noPreview(const SamplePreview&) {}

    std::shared_ptr<SamplingSession> open() const
    {
        return SamplingSession::open(workspace_, listRuns(workspace_).front().checkpoints.back(), {.threads = 2});
    }
    SampleRequest plain() const
    {
        SampleRequest request;
        request.size = record_.bucket;
        request.steps = 6;
        request.seed = 3;
        return request;
    }
    /// Of two pictures in a few steps, which are kept in a folder of this name:
    LayoutReport layout(GuidanceMode guidance, const char* name) const
    {
        LayoutRequest request;
        request.guidance = guidance;
        return layout(std::move(request), name);
    }
    /// Without the caption, which is always the scene's own.
    LayoutReport layout(const char* name, OtherScene other, double blendWeight = 0.5) const
    {
        LayoutRequest request;
        request.textScale = 0;
        request.other = other;
        request.blendWeight = blendWeight;
        return layout(std::move(request), name);
    }
    LayoutReport layout(LayoutRequest request, const char* name) const
    {
        request.workspace = workspace_;
        request.checkpoint = newestCheckpoint(workspace_, "reference");
        request.pictures = 2;
        request.steps = 4;
        request.keepPictures = folder_ / name;
        request.device.threads = 2;
        LayoutReport report;
        request.finished = [&report](const LayoutReport& measured) { report = measured; };
        makeLayoutJob(std::move(request))->run({});
        return report;
    }
    Image paint(const SampleRequest& request) const { return session_->sample(request, {}, noPreview)->picture; }

    /// Grey levels, over all pixels and channels.
    static double meanDifference(const Image& a, const Image& b)
    {
        double sum = 0;
        for (std::size_t i = 0; i < a.rgb.size(); ++i)
            sum += std::abs(int(a.rgb[i]) - int(b.rgb[i]));
        return sum / static_cast<double>(a.rgb.size());
    }

    test::TemporaryFolder folder_;
    Workspace workspace_;
    RecordInfo record_;
    std::shared_ptr<SamplingSession> session_;
};

QTEST_GUILESS_MAIN(TestDemoSampling)
#include "tst_demo_sampling.moc"
