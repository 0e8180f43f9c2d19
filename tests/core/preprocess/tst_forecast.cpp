#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/jobs.h"
#include "core/runtime/error.h"
#include "tests/core/preprocess/pass_fixture.h"
#include "tests/support/contains.h"

#include <ATen/ATen.h>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

using namespace nanodit;
using test::contains;
using test::PassFixture;
namespace fs = std::filesystem;

namespace {

/// As the fake text encoder counts: a row a word and one more.
std::int64_t wordsAndOne(const std::string& caption)
{
    std::istringstream words(caption);
    std::int64_t count = 1;
    for (std::string word; words >> word;)
        ++count;
    return count;
}

/// Bytes of all files of a pass's arrays, and of whole blocks that they fill.
std::int64_t bytesOf(const PassFixture& f, Pass pass, std::int64_t block = 1)
{
    std::int64_t bytes = 0;
    for (const auto kind : arraysOf(pass)) {
        for (const auto& [name, content] : f.derivedFiles()) {
            if (name.starts_with(arrayName(kind) + "/"))
                bytes += (static_cast<std::int64_t>(content.size()) + block - 1) / block * block;
        }
    }
    return bytes;
}

std::string whyOf(const PassForecast& pass, const std::string& id)
{
    const auto found = std::ranges::find(pass.due, id, &DueRecord::id);
    return found == pass.due.end() ? "" : found->why;
}

constexpr std::array allPasses = {Pass::T5, Pass::Vae, Pass::Dino};

} // namespace

/// What passes say before they run, held against what they then do.
class TestForecast : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void bytesAreThoseThatThePassesThenWrite()
    {
        PassFixture f(7);
        f.fakes.tokenCount = wordsAndOne;
        f.import();
        const auto forecast = f.forecast();
        QVERIFY(f.derivedFiles().empty()); // it made nothing
        QVERIFY((f.fakes.loads == std::array{0, 0, 0}));
        f.run();
        for (std::size_t i = 0; i < 3; ++i) {
            const auto& pass = forecast.passes[i];
            QCOMPARE(pass.pass, allPasses[i]);
            QCOMPARE(pass.missing, 7);
            QCOMPARE(pass.toMake(), 7);
            QCOMPARE(*pass.bytesToWrite, bytesOf(f, pass.pass));
            QCOMPARE(*pass.bytesInAll, *pass.bytesToWrite);
            QCOMPARE(*pass.bytesGrowth, bytesOf(f, pass.pass, 4096));
            QCOMPARE(whyOf(pass, "picture3"), std::string("missing"));
        }
        const auto after = f.forecast();
        for (std::size_t i = 0; i < 3; ++i) {
            QCOMPARE(after.passes[i].whole, 7);
            QCOMPARE(after.passes[i].toMake(), 0);
            QCOMPARE(*after.passes[i].bytesToWrite, 0);
            QCOMPARE(*after.passes[i].bytesGrowth, 0);
            QCOMPARE(*after.passes[i].bytesInAll, *forecast.passes[i].bytesInAll);
            QCOMPARE(*after.passes[i].seconds, 0.0);
        }
    }

    void saysWhatIsStaleAndWhy()
    {
        PassFixture f(5);
        f.fakes.tokenCount = wordsAndOne;
        f.run();
        setCaption(f.workspace, "picture1", "something else");
        f.draw(2, 111);
        f.fakes.fingerprints[1] = "vae-two";
        const auto forecast = f.forecast();
        QCOMPARE(forecast.passes[0].stale, 1);
        QCOMPARE(whyOf(forecast.passes[0], "picture1"), std::string("stale: the caption"));
        QCOMPARE(forecast.passes[1].stale, 5);
        QCOMPARE(forecast.passes[1].staleBecause.at(ArrayInput::Encoder), 5);
        QCOMPARE(forecast.passes[1].staleBecause.at(ArrayInput::Picture), 1);
        QVERIFY2(contains(whyOf(forecast.passes[1], "picture2"), "stale: the picture, the encoder (vae-one before"),
                 whyOf(forecast.passes[1], "picture2").c_str());
        QCOMPARE(forecast.passes[2].stale, 1);
        QCOMPARE(forecast.passes[2].whole, 4);
        QVERIFY(whyOf(forecast.passes[2], "picture1").empty());
        // Files that are replaced need room only while the new ones stand beside them.
        QVERIFY(*forecast.passes[1].bytesGrowth <= 5 * 4096);
    }

    void tellsArraysOfOthersApart()
    {
        PassFixture made(3), f(3);
        made.run();
        fs::copy(made.workspace.derivedFolder(), f.workspace.derivedFolder(), fs::copy_options::recursive);
        writeNpy(f.array(ArrayKind::DinoPatches, "picture0"), arrayFromTensor(at::ones({256, 5})));
        const auto before = f.derivedFiles();
        const auto forecast = f.forecast();
        QCOMPARE(forecast.passes[1].toRead, 3);
        QCOMPARE(forecast.passes[2].toRead, 2);
        QCOMPARE(forecast.passes[2].wrong, 1);
        QCOMPARE(whyOf(forecast.passes[2], "picture0"), std::string("misaligned, is moved aside"));
        QVERIFY(f.derivedFiles() == before); // neither moved nor adopted
        QVERIFY(!Catalog::open(f.workspace).hasProvenance(ArrayKind::Vae));
    }

    void countsRecordsWhosePictureIsGone()
    {
        PassFixture f(3);
        fs::remove(f.picture(1));
        const auto forecast = f.forecast();
        QCOMPARE(forecast.passes[0].unreadable, 0);
        QCOMPARE(forecast.passes[1].unreadable, 1);
        QVERIFY(contains(whyOf(forecast.passes[1], "picture1"), "its picture is missing"));
    }

    void timeIsUnknownUntilItWasMeasuredAndThenComesFromTheRates()
    {
        PassFixture f(6);
        f.fakes.pixelsAtOnce = 1;
        f.fakes.captionsAtOnce = 2;
        for (const auto& pass : f.forecast().passes)
            QVERIFY(!pass.seconds);
        f.fakes.onImages = [](const auto&) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
        const double measured = f.run().passes[1].seconds;
        f.fakes.fingerprints = {"t5-one", "vae-one", "dino-two"};
        auto forecast = f.forecast();
        QVERIFY(!forecast.passes[2].seconds); // another encoder has another rate
        f.fakes.fingerprints[2] = "dino-one";
        for (int i = 0; i < 6; ++i)
            f.draw(i, 7 * i + 3);
        forecast = f.forecast({Pass::Vae});
        QCOMPARE(forecast.passes[0].stale, 6);
        QCOMPARE(forecast.passes[0].unmeasuredBuckets, 0);
        QVERIFY2(*forecast.passes[0].seconds > 0.1, std::to_string(*forecast.passes[0].seconds).c_str());
        QVERIFY2(*forecast.passes[0].seconds < 6 * measured, std::to_string(measured).c_str()); // of one batch for all
        QCOMPARE(f.run({Pass::Vae}).passes[0].made, 6);
    }

    void bucketThatWasNotMeasuredTakesAsLongByArea()
    {
        PassFixture f(6);
        {
            auto catalog = Catalog::open(f.workspace);
            catalog.addRate(Pass::Vae, "vae-one", "by hand", "64x64", {.records = 10, .seconds = 20});
            catalog.addRate(Pass::T5, "t5-one", "by hand", "", {.records = 4, .seconds = 2});
            catalog.addRate(Pass::Dino, "dino-one", "another device", "64x64", {.records = 4, .seconds = 2});
        }
        const auto forecast = f.forecast();
        QCOMPARE(*forecast.passes[0].seconds, 3.0);
        // Two of each bucket: 64x64 as measured, 96x64 and 64x96 half as much again.
        QCOMPARE(*forecast.passes[1].seconds, 2 * 2.0 + 4 * 3.0);
        QCOMPARE(forecast.passes[1].unmeasuredBuckets, 2);
        QVERIFY(!forecast.passes[2].seconds);
    }

    void unknownEncoderLeavesBytesUnknown()
    {
        PassFixture f(2); // the fake text encoder has no tokenizer
        const auto forecast = f.forecast();
        QVERIFY(!forecast.passes[0].bytesToWrite && !forecast.passes[0].bytesInAll);
        QVERIFY(forecast.passes[1].bytesToWrite.has_value());
        f.fakes.obstacles[1] = "there is none: set it";
        QCOMPARE(f.forecast().refusal, std::string("there is none: set it"));
    }

    void passesThatDoNotFitOnTheDiskAreRefusedBeforeTheFirstBegins()
    {
        PassFixture f(6);
        f.fakes.tokenCount = wordsAndOne;
        const auto forecast = f.forecast();
        const auto first = *forecast.passes[0].bytesGrowth + *forecast.passes[1].bytesGrowth;
        const auto all = first + *forecast.passes[2].bytesGrowth;
        f.freeBytes = [=](const fs::path& folder) { return folder.filename() == "derived" ? all - 1 : 0; };
        QVERIFY(contains(f.forecast().refusal, "the pass dinov3 does not fit"));
        std::string message;
        try {
            f.run();
        } catch (const StoreError& error) {
            message = error.what();
        }
        QVERIFY2(contains(message, "the pass dinov3 does not fit on the disk: it needs ") &&
                     contains(message, f.workspace.derivedFolder().string()) &&
                     contains(message, "are free once the passes before it are done"),
                 message.c_str());
        QVERIFY(f.derivedFiles().empty());
        QVERIFY((f.fakes.loads == std::array{0, 0, 0}));
        f.freeBytes = [=](const fs::path&) { return all; };
        f.run();
        QCOMPARE(f.derivedFiles().size(), 24U);
    }

    void diskThatFillsMeanwhileStopsTheNextPassBeforeItBegins()
    {
        PassFixture f(6);
        bool full = false;
        f.freeBytes = [&full](const fs::path&) { return full ? std::int64_t{100} : std::int64_t{1} << 40; };
        f.fakes.onImages = [&full](const auto&) { full = true; };
        const auto message = test::errorOf([&f] { f.run({Pass::Vae, Pass::Dino}); });
        QVERIFY2(contains(message, "the pass dinov3 does not fit on the disk") && contains(message, "100 B are free"),
                 message.c_str());
        QCOMPARE(f.derivedFiles().size(), 6U); // the pass before is kept
        QCOMPARE(f.fakes.loads[2], 0);
    }

    void freeBytesAreTakenWhereTheFolderWillBe()
    {
        const test::TemporaryFolder folder;
        const auto here = freeBytesFor(folder.path());
        const auto deep = freeBytesFor(folder / "not/there/yet");
        QVERIFY(here > 0 && deep > 0);
        QVERIFY(std::abs(static_cast<double>(here - deep)) < 0.5 * static_cast<double>(here));
    }

    void statusKnowsWhatTheFullSetNeeds()
    {
        PassFixture f(4); // its encoders are not set in workspace.yaml
        f.run();
        const auto complete = status(f.workspace);
        for (const auto& array : complete.arrays)
            QCOMPARE(*array.fullBytes, array.bytes);
        fs::remove(f.array(ArrayKind::Vae, "picture0"));
        const auto lacking = status(f.workspace);
        QVERIFY(!lacking.arrays[1].fullBytes); // nobody knows how large it would be
        QCOMPARE(*lacking.arrays[3].fullBytes, complete.arrays[3].bytes);
    }
};

QTEST_APPLESS_MAIN(TestForecast)
#include "tst_forecast.moc"
