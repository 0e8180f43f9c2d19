#include "core/config/workspace_config.h"
#include "core/dataset/loss_mask.h"
#include "core/dataset/record_info.h"
#include "core/demo/demo_job.h"
#include "core/demo/layout_job.h"
#include "core/demo/scene.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/preprocess/workspace_state.h"
#include "core/runtime/job.h"
#include "tests/support/test_data.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace nanodit;

namespace {

DemoRequest request(const std::filesystem::path& folder, bool preprocess)
{
    DemoRequest demo;
    demo.folder = folder;
    demo.scenes = 30;
    demo.seed = 4;
    demo.preprocess = preprocess;
    return demo;
}

} // namespace

class TestDemoJob : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void makesAWorkspaceThatIsReadyToTrainOn()
    {
        const test::TemporaryFolder folder;
        auto demo = request(folder / "demo", true);
        std::filesystem::path root;
        demo.finished = [&root](const Workspace& workspace) { root = workspace.root; };
        QVERIFY(makeDemoJob(demo)->run({}) == JobEnd::Finished);

        const auto workspace = Workspace::open(folder / "demo");
        QCOMPARE(workspace.root, root);
        const auto records = listRecords(workspace);
        QCOMPARE(records.size(), std::size_t{30});
        QCOMPARE(
            std::count_if(records.begin(), records.end(), [](const auto& record) { return record.split == "val"; }),
            std::ptrdiff_t{3});
        for (const auto& record : records) {
            for (const auto state : record.arrays)
                QVERIFY(state == ArrayState::Whole);
            const auto truth = sceneFromTruth(
                nlohmann::json::parse(readTextFile(workspace.root / "data/truth" / (record.id + ".json"))), record.id);
            QCOMPARE(truth.caption, record.caption);
            QCOMPARE(truth.bucket, record.bucket);
            QCOMPARE(truth.picture, record.original);
        }
        QVERIFY(std::filesystem::exists(workspace.shardsFolder() / "train"));
        QVERIFY(std::filesystem::exists(workspace.shardsFolder() / "val"));
    }

    void lossMasksOnRequestWeighThingsMoreThanTheirGround()
    {
        const test::TemporaryFolder folder;
        auto demo = request(folder / "demo", false);
        demo.lossMasks = true;
        QVERIFY(makeDemoJob(demo)->run({}) == JobEnd::Finished);
        const auto workspace = Workspace::open(folder / "demo");
        const auto records = listRecords(workspace);
        QCOMPARE(records.size(), std::size_t{30}); // a mask is no picture
        for (const auto& record : records) {
            const auto file = LossMasks().of(record.image);
            QVERIFY(!file.empty());
            const auto scene = sceneFromTruth(
                nlohmann::json::parse(readTextFile(workspace.root / "data/truth" / (record.id + ".json"))), record.id);
            const auto mask = readImage(file);
            QVERIFY(mask.size == scene.picture);
            for (const auto& thing : scene.things) {
                const auto x = static_cast<std::int64_t>(thing.x * static_cast<double>(mask.size.width));
                const auto y = static_cast<std::int64_t>(thing.y * static_cast<double>(mask.size.height));
                QCOMPARE(int{*mask.at(x, y)}, 255);
            }
            QVERIFY(std::ranges::count(mask.rgb, std::uint8_t{90}) > static_cast<std::ptrdiff_t>(mask.rgb.size() / 5));
        }
    }

    void otherEncodersComeWithoutTheReferenceModel()
    {
        const test::TemporaryFolder folder;
        QVERIFY(makeDemoJob(request(folder / "plain", false))->run({}) == JobEnd::Finished);
        QVERIFY(std::filesystem::exists(folder / "plain/runs/reference"));
        auto demo = request(folder / "other", false);
        demo.encoders = folder / "plain/models";
        QVERIFY(makeDemoJob(demo)->run({}) == JobEnd::Finished);
        QVERIFY(std::filesystem::exists(folder / "other/models/t5-demo/model.safetensors"));
        QVERIFY(!std::filesystem::exists(folder / "other/runs/reference"));
        demo.folder = folder / "none";
        demo.encoders = folder / "nowhere";
        const auto message = test::errorOf([&] { makeDemoJob(demo)->run({}); });
        QVERIFY2(message.find((folder / "nowhere").string()) != std::string::npos, message.c_str());
    }

    void texturedScenesHaveBucketsOfTheirOwnAndNoReferenceModel()
    {
        const test::TemporaryFolder folder;
        auto demo = request(folder / "demo", false);
        demo.scenes = 20;
        demo.kind = {.style = SceneStyle::Textured, .side = 256};
        QVERIFY(makeDemoJob(demo)->run({}) == JobEnd::Finished);
        const auto workspace = Workspace::open(folder / "demo");
        QVERIFY(!std::filesystem::exists(workspace.runsFolder() / "reference"));
        QCOMPARE(workspace.config.buckets, (std::vector<ImageSize>{{256, 256}, {320, 224}, {224, 320}}));
        for (const auto& record : listRecords(workspace)) {
            const auto truth = sceneFromTruth(
                nlohmann::json::parse(readTextFile(workspace.root / "data/truth" / (record.id + ".json"))), record.id);
            QVERIFY(truth.style == SceneStyle::Textured);
            QCOMPARE(truth.bucket, record.bucket);
            QCOMPARE(truth.picture, record.original);
        }
    }

    void refusesAFolderThatIsAWorkspace()
    {
        const test::TemporaryFolder folder;
        QVERIFY(makeDemoJob(request(folder / "demo", false))->run({}) == JobEnd::Finished);
        const auto message = test::errorOf([&] { makeDemoJob(request(folder / "demo", false))->run({}); });
        QVERIFY2(message.find("workspace already") != std::string::npos, message.c_str());
    }

    void stoppedInTheMiddleIsNoWorkspaceAndGoesOn()
    {
        const test::TemporaryFolder folder;
        JobContext context;
        context.report = [&context](const Progress& progress) {
            if (progress.done >= 1)
                context.control->requestStop();
        };
        QVERIFY(makeDemoJob(request(folder / "demo", false))->run(context) == JobEnd::Cancelled);
        QVERIFY(!std::filesystem::exists(folder / "demo/workspace.yaml"));
        QVERIFY(makeDemoJob(request(folder / "demo", false))->run({}) == JobEnd::Finished);
        QCOMPARE(listRecords(Workspace::open(folder / "demo")).size(), std::size_t{30});
    }

    void doesNotMixTwoDemos()
    {
        const test::TemporaryFolder folder;
        JobContext stopped;
        stopped.control->requestStop();
        QVERIFY(makeDemoJob(request(folder / "demo", false))->run(stopped) == JobEnd::Cancelled);
        auto other = request(folder / "demo", false);
        other.seed = 5;
        const auto remedy = test::remedyOf([&] { makeDemoJob(other)->run({}); });
        const auto* const choice = test::remedyAs<remedy::ChooseFolder>(remedy);
        QVERIFY(choice != nullptr && choice->orSameSettings);
        other = request(folder / "demo", false);
        other.kind.style = SceneStyle::Textured;
        const auto message = test::errorOf([&] { makeDemoJob(other)->run({}); });
        QVERIFY2(message.find("unfinished demo") != std::string::npos, message.c_str());
    }

    void tooFewScenesAreRefused()
    {
        const test::TemporaryFolder folder;
        auto demo = request(folder / "demo", false);
        demo.scenes = 5;
        QVERIFY(!test::errorOf([&] { makeDemoJob(demo)->run({}); }).empty());
        QVERIFY(!std::filesystem::exists(folder / "demo/workspace.yaml"));
    }

    void layoutAsksForADemoWorkspace()
    {
        const test::TemporaryFolder folder;
        LayoutRequest layout;
        layout.workspace = Workspace::create(folder / "empty");
        layout.checkpoint = folder / "none";
        const auto message = test::errorOf([&] { makeLayoutJob(layout)->run({}); });
        QVERIFY2(message.find("no validation records") != std::string::npos, message.c_str());
    }
};

QTEST_APPLESS_MAIN(TestDemoJob)
#include "tst_demo_job.moc"
