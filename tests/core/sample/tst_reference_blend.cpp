#include "core/preprocess/derived_array.h"
#include "core/runtime/job.h"
#include "core/sample/conditions.h"
#include "tests/core/sample/sampling_fixture.h"

#include <QtTest/QTest>

#include <limits>
#include <string>

using namespace nanodit;
using namespace nanodit::test;

namespace {

DinoFeatures randomFeatures(GridSize grid)
{
    return {.cls = at::randn({1, 5}), .patches = at::randn({1, grid.count(), 5}), .grid = grid};
}

/// A record with stored arrays of its own.
void addRecordNamed(const TinyWorkspace& tiny, const std::string& id, ImageSize bucket)
{
    Record record;
    record.id = id;
    record.image = tiny.workspace.imagesFolder() / "val0.png";
    record.split = "val";
    record.original = record.bucket = bucket;
    Catalog::open(tiny.workspace).put(record);
    const auto width = TinyWorkspace::dinoWidth;
    const auto write = [&](ArrayKind kind, const at::Tensor& values) {
        writeNpy(arrayFile(tiny.workspace, kind, id), arrayFromTensor(values));
    };
    write(ArrayKind::DinoCls, at::arange(width, at::kFloat));
    write(ArrayKind::DinoPatches, at::randn({dinoGrid(bucket, 16).count(), width}));
}

} // namespace

/// Two references that are mixed patch by patch.
class TestReferenceBlend : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itsEndsAreExactlyOneOfTheTwo()
    {
        const GridSize grid{.rows = 4, .cols = 3};
        const auto a = randomFeatures(grid), b = randomFeatures(grid);
        const auto first = blended(a, b, 1), second = blended(a, b, 0), between = blended(a, b, 0.25);
        QVERIFY(first.cls.equal(a.cls) && first.patches.equal(a.patches) && first.grid == grid);
        QVERIFY(second.cls.equal(b.cls) && second.patches.equal(b.patches));
        QVERIFY(at::allclose(between.cls, 0.25 * a.cls + 0.75 * b.cls));
        QVERIFY(at::allclose(between.patches, 0.25 * a.patches + 0.75 * b.patches));
    }

    void otherGridsAreRefused()
    {
        const auto a = randomFeatures({.rows = 4, .cols = 4}), b = randomFeatures({.rows = 2, .cols = 8});
        const auto message = errorOf([&] { blended(a, b, 0.5); });
        QVERIFY2(message.find("4 x 4 and 2 x 8") != std::string::npos, message.c_str()); // they are as many
        QVERIFY2(message.find("same shape") != std::string::npos, message.c_str());
    }

    void aPictureFollowsTheMixtureAndKeepsIt()
    {
        const TinyWorkspace tiny;
        addRecordNamed(tiny, "other", TinyWorkspace::square);
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        const auto paint = [&session](const SampleRequest& request) { return session->sample(request, {}, noPreview); };
        auto request = smallRequest();
        request.reference = RecordReference{"other"};
        const auto second = paint(request);
        request.reference = RecordReference{"val0"};
        const auto first = paint(request);
        QVERIFY(first->picture.rgb != second->picture.rgb);
        QVERIFY(first->settings.at("nanodit").find("blend") == std::string::npos);

        request.blend = ReferenceBlend{.with = RecordReference{"other"}, .weight = 1};
        QVERIFY(paint(request)->picture.rgb == first->picture.rgb);
        request.blend->weight = 0;
        QVERIFY(paint(request)->picture.rgb == second->picture.rgb);
        request.blend->weight = 0.3;
        const auto mixed = paint(request);
        QVERIFY(mixed->picture.rgb != first->picture.rgb && mixed->picture.rgb != second->picture.rgb);

        const TemporaryFolder folder;
        writePng(folder / "mixed.png", mixed->picture, mixed->settings);
        const auto again = sampleRequestFromPng(folder / "mixed.png");
        QVERIFY(again && again->blend);
        QCOMPARE(std::get<RecordReference>(again->blend->with).id, std::string("other"));
        QCOMPARE(again->blend->weight, 0.3);
        QVERIFY(settingsOf(*again) == settingsOf(request));
        const auto fresh = SamplingSession::open(tiny.workspace, checkpointOf(tiny), {.threads = 2});
        QVERIFY(fresh->sample(*again, {}, noPreview)->picture.rgb == mixed->picture.rgb);

        // What the session keeps of a mixture is taken neither for another one nor for the reference.
        request.blend->weight = 0.300001;
        QVERIFY(settingsOf(request) != settingsOf(*again));
        request.blend->weight = 0.9;
        QVERIFY(paint(request)->picture.rgb != mixed->picture.rgb);
        request.clsFrom = RecordReference{"val0"}; // patches are mixed, and CLS is not
        request.blend->weight = 0.3;
        QVERIFY(paint(request)->picture.rgb != mixed->picture.rgb);
        request.clsFrom = NoReference{};
        request.blend.reset();
        QVERIFY(paint(request)->picture.rgb == first->picture.rgb);
    }

    void whatCannotBeMixedIsRefusedInWords()
    {
        const TinyWorkspace tiny; // its DINO encoder has no weights: no picture can be encoded
        addRecordNamed(tiny, "wide", TinyWorkspace::wide);
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        const auto refusal = [&] { return errorOf([&] { session->sample(request, {}, noPreview); }); };
        request.blend = ReferenceBlend{.with = RecordReference{"val0"}, .weight = 0.5};
        QVERIFY2(refusal().find("no reference is given") != std::string::npos, refusal().c_str());
        request.reference = RecordReference{"val0"};
        for (const double weight : {-0.1, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
            request.blend->weight = weight;
            QVERIFY2(refusal().find("from 0 to 1") != std::string::npos, refusal().c_str());
        }
        request.blend = ReferenceBlend{.with = RecordReference{"nobody"}, .weight = 0.5};
        QVERIFY2(refusal().find("no record \"nobody\"") != std::string::npos, refusal().c_str());
        // What is stored of another bucket lies on another grid: its picture is encoded anew, as a reference's is.
        request.blend->with = RecordReference{"wide"};
        QVERIFY2(refusal().find("models/dino") != std::string::npos, refusal().c_str());
        request.blend->with = PictureReference{tiny.workspace.imagesFolder() / "val0.png"};
        QVERIFY2(refusal().find("models/dino") != std::string::npos, refusal().c_str());
    }
};

QTEST_APPLESS_MAIN(TestReferenceBlend)
#include "tst_reference_blend.moc"
