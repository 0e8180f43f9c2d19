#include "core/dataset/catalog.h"
#include "core/io/atomic_file.h"
#include "core/io/sha256.h"
#include "core/preprocess/derived_array.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/job.h"
#include "core/sample/conditions.h"
#include "tests/core/sample/sampling_fixture.h"

#include <QtTest/QTest>
#include <nlohmann/json.hpp>

#include <chrono>
#include <fstream>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

/// What a session keeps from one picture for the next, as while a slider moves.
class TestLiveSampling : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aSliderEncodesNothing()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        request.textRecord = "val0";
        const auto first = session->sample(request, {}, noPreview)->picture;
        // Arrays that change under the same size and time would be read if anything were encoded again.
        const auto file = arrayFile(tiny.workspace, ArrayKind::DinoPatches, "val0");
        const auto time = std::filesystem::last_write_time(file);
        auto bytes = readTextFile(file);
        for (std::size_t i = bytes.size() - 64; i < bytes.size(); ++i)
            bytes[i] = '\0';
        std::ofstream(file, std::ios::binary) << bytes;
        std::filesystem::last_write_time(file, time);
        request.textScale = 3;
        const auto moved = session->sample(request, {}, noPreview)->picture;
        request.textScale = smallRequest().textScale;
        QVERIFY(moved.rgb != first.rgb);
        QVERIFY(session->sample(request, {}, noPreview)->picture.rgb == first.rgb);
        // A file that did change is read again.
        std::filesystem::last_write_time(file, time + std::chrono::seconds(1));
        QVERIFY(session->sample(request, {}, noPreview)->picture.rgb != first.rgb);
    }

    void aSketchIsThePictureInFewSteps()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        request.steps = 30;
        auto quick = request;
        quick.solver = Solver::Multistep;
        const auto pictureIn = [&](std::int64_t steps) {
            quick.steps = steps;
            return session->sample(quick, {}, noPreview)->picture;
        };
        const auto inSix = pictureIn(6), inTwo = pictureIn(2);
        QVERIFY(inSix.rgb != inTwo.rgb);
        QVERIFY(session->sketch(request, 3600, {})->rgb == inSix.rgb); // there is time for more than it takes
        QVERIFY(session->sketch(request, 0, {})->rgb == inTwo.rgb);    // however little time there is
        request.steps = 1;
        QVERIFY(session->sketch(request, 3600, {})->rgb == pictureIn(1).rgb);
        JobContext stopped;
        stopped.control->requestStop();
        QVERIFY(!session->sketch(request, 3600, stopped));
    }

    void whatPicturesBeginWithIsSharedByThoseThatBeginAlike()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeRandomModel(tiny);
        const auto session = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        std::vector<SampleRequest> requests(1, smallRequest());
        const auto then = [&requests](const auto& change) {
            requests.push_back(requests.back());
            change(requests.back());
        };
        requests[0].reference = RecordReference{"val0"};
        requests[0].textRecord = "val0";
        requests[0].textScale = 0; // its branch is not evaluated yet
        then([](SampleRequest& r) { r.textScale = 3; });
        then([](SampleRequest& r) {
            r.guidanceRule = GuidanceRule::CfgZero;
            r.steps = 25; // whose first velocity is zero
        });
        then([](SampleRequest& r) { r.guidanceRule = GuidanceRule::Projected; });
        then([](SampleRequest& r) { r.solver = Solver::Heun; });
        then([](SampleRequest& r) { r.steps = 5; });
        then([](SampleRequest& r) { r.shift = 2; });
        then([](SampleRequest& r) { r.seed = 6; });
        then([](SampleRequest& r) { r.start = PictureStart{.picture = RecordReference{"val0"}, .time = 0.5}; });
        then([](SampleRequest& r) { r.start->time = 0.5 + 1e-9; });
        then([](SampleRequest& r) { r.start->time = 0.7; });
        then([](SampleRequest& r) { r.reference = NoReference{}; });
        then([](SampleRequest& r) { r.size = TinyWorkspace::wide; });
        then([](SampleRequest& r) { r.start.reset(); });
        for (const auto& request : requests) {
            const auto fresh = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
            QVERIFY(session->sketch(request, 3600, {})->rgb == fresh->sketch(request, 3600, {})->rgb);
            const auto alone = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
            const auto ours = *session->sample(request, {}, noPreview);
            const auto theirs = *alone->sample(request, {}, noPreview);
            QVERIFY(ours.picture.rgb == theirs.picture.rgb);
            QCOMPARE(ours.guidance.size(), theirs.guidance.size());
            for (std::size_t i = 0; i < ours.guidance.size(); ++i) { // also what is told of branches
                QCOMPARE(ours.guidance[i].text.has_value(), theirs.guidance[i].text.has_value());
                QCOMPARE(ours.guidance[i].dino.has_value(), theirs.guidance[i].dino.has_value());
            }
        }
    }

    void stopsWhileAReferenceIsEncoded()
    {
        const TinyWorkspace tiny;
        auto workspace = tiny.workspace;
        workspace.config.dinoEncoder = "models/whole";
        const auto config = DinoConfig::load(workspace.path("models/dino"));
        writeDinoFolder(workspace.path("models/whole"), config, DinoEncoder::initialWeights(config, 1));
        ConditionEncoder encoder(workspace, {}, 8, tinyModelConfig(), Compute{});
        auto request = smallRequest();
        request.reference = PictureReference{workspace.imagesFolder() / "val0.png"};
        QVERIFY(!encoder.encode(request, [] { return true; }));
        const auto whole = encoder.encode(request, [] { return false; });
        QVERIFY(whole && whole->hasDino && !whole->hasText);
    }

    void aRecordThatChangedIsLookedUpAgain()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        const auto first = session->sample(request, {}, noPreview)->picture;
        QVERIFY(session->sample(request, {}, noPreview)->picture.rgb == first.rgb);
        {
            auto catalog = Catalog::open(tiny.workspace);
            auto record = *catalog.find("val0");
            record.bucket = TinyWorkspace::wide;
            record.bucketGiven = true;
            catalog.put(record);
        }
        // Its stored patches lie over another size now: it would have to be encoded, by an encoder that is not there.
        QVERIFY(errorOf([&] { session->sample(request, {}, noPreview); }).find("models/dino") != std::string::npos);
    }

    void stoppedPicturesDoNotHashTheWeightsAgain()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeRandomModel(tiny);
        const auto session = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        JobContext stopped;
        stopped.control->requestStop();
        QVERIFY(!session->sample(smallRequest(), stopped, noPreview)); // hashes the first piece, which is all of it
        const auto hashOf = [](const SampleResult& result) {
            return nlohmann::json::parse(result.settings.at("nanodit-model")).at("sha256").get<std::string>();
        };
        const auto hash = hashOf(*session->sample(smallRequest(), {}, noPreview));
        QCOMPARE(hash, sha256OfFile(weightsFile(checkpoint)));
        std::filesystem::remove(weightsFile(checkpoint)); // it is not looked at again
        QCOMPARE(hashOf(*session->sample(smallRequest(), {}, noPreview)), hash);
    }
};

QTEST_APPLESS_MAIN(TestLiveSampling)
#include "tst_live_sampling.moc"
