#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/io/atomic_file.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/jobs.h"
#include "core/runtime/error.h"
#include "tests/core/preprocess/pass_fixture.h"
#include "tests/support/contains.h"

#include <ATen/ATen.h>
#include <QTest>

#include <chrono>
#include <limits>
#include <thread>

using namespace nanodit;
using test::contains;
using test::PassFixture;
namespace fs = std::filesystem;

namespace {

constexpr auto missing = ArrayState::Missing;
constexpr auto whole = ArrayState::Whole;
constexpr auto stale = ArrayState::Stale;

at::Tensor load(const fs::path& file)
{
    return tensorFromArray(readNpy(file)).clone();
}

} // namespace

class TestPasses : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void captionsThatAreCutAreNamed()
    {
        PassFixture f(3);
        f.fakes.tokenCount = [](const std::string& caption) {
            return static_cast<std::int64_t>(caption.starts_with("long") ? 20 : caption.size() % 7);
        };
        f.import();
        std::string fifteen = "long"; // and one row more: all that the workspace takes
        for (int i = 1; i < 15; ++i)
            fifteen += " word";
        setCaption(f.workspace, "picture1", fifteen);
        setCaption(f.workspace, "picture2", "full" + fifteen.substr(4));
        std::string warnings;
        JobContext context;
        context.log = [&](LogLevel level, const std::string& text) {
            if (level == LogLevel::Warning)
                warnings += text + "\n";
        };
        f.run({Pass::T5}, context);
        QVERIFY2(contains(warnings, "1 caption is longer than 16 tokens and will be cut: picture1"), warnings.c_str());
    }

    void captionsInLettersThatTheEncoderLacksAreNamed()
    {
        PassFixture f(3);
        f.fakes.knowsMostOf = [](const std::string& caption) { return caption.ends_with("fin"); };
        f.import();
        setCaption(f.workspace, "picture1", "\xe4\xb8\xad\xe6\x96\x87"); // picture0 has ASCII alone
        setCaption(f.workspace, "picture2", "caf\xc3\xa9 fin");
        std::string warnings;
        JobContext context;
        context.log = [&](LogLevel, const std::string& text) { warnings += text + "\n"; };
        f.run({Pass::T5}, context);
        QVERIFY2(contains(warnings, "does not know the letters: picture1;"), warnings.c_str());
    }

    void makeEveryArrayInItsShapeAndType()
    {
        PassFixture f;
        const auto report = f.run();
        QCOMPARE(report.passes.size(), 3U);
        for (const auto& pass : report.passes) {
            QCOMPARE(pass.made, 6);
            QCOMPARE(pass.alreadyWhole, 0);
            QVERIFY(pass.failures.empty());
        }
        for (const auto& [id, states] : f.states())
            QVERIFY((states == std::array{whole, whole, whole, whole}));

        const auto bucket = Catalog::open(f.workspace).find("picture1")->bucket;
        QVERIFY((bucket == ImageSize{96, 64}));
        const auto text = readNpyHeader(f.array(ArrayKind::T5, "picture1"));
        QVERIFY((text.shape == std::vector<std::int64_t>{6, 3} && text.dtype == DType::F16));
        const auto latent = readNpyHeader(f.array(ArrayKind::Vae, "picture1"));
        QVERIFY((latent.shape == std::vector<std::int64_t>{4, 8, 12} && latent.dtype == DType::F32));
        const auto cls = readNpyHeader(f.array(ArrayKind::DinoCls, "picture1"));
        QVERIFY((cls.shape == std::vector<std::int64_t>{5} && cls.dtype == DType::F32));
        const auto patches = readNpyHeader(f.array(ArrayKind::DinoPatches, "picture1"));
        QVERIFY((patches.shape == std::vector<std::int64_t>{24, 5} && patches.dtype == DType::F16));
        QVERIFY(!patches.fortranOrder);
    }

    void patchesLieRowByRowOverTheLatent()
    {
        PassFixture f;
        f.run();
        const auto latent = load(f.array(ArrayKind::Vae, "picture1")).slice(0, 0, 3);          // [3, 8, 12]
        const auto patches = load(f.array(ArrayKind::DinoPatches, "picture1")).to(at::kFloat); // [24, 5]
        // A patch covers 2 x 2 latent pixels: their mean colours must agree, place by place.
        const auto fromLatent = at::avg_pool2d(latent.unsqueeze(0), 2).squeeze(0).flatten(1).transpose(0, 1);
        QVERIFY((fromLatent - patches.slice(1, 0, 3)).abs().max().item<double>() < 1e-3);
        for (std::int64_t i = 0; i < 24; ++i)
            QCOMPARE(patches[i][3].item<double>(), double(i));
    }

    void latentAndPatchesSeeTheSamePictures()
    {
        PassFixture f;
        f.run();
        QCOMPARE(f.fakes.latentPictures.size(), 6U);
        QVERIFY(f.fakes.latentPictures == f.fakes.patchPictures);
        // And it is the bucket image that the front shows.
        for (const auto& record : listRecords(f.workspace))
            QVERIFY(f.fakes.patchPictures.contains(test::pixelHash(loadBucketImage(record))));
    }

    void anotherRunRepeatsNothing()
    {
        PassFixture f;
        f.run();
        const auto files = f.derivedFiles();
        f.fakes.loads = {};
        f.fakes.encoded = 0;
        for (const auto& pass : f.run().passes) {
            QCOMPARE(pass.made, 0);
            QCOMPARE(pass.alreadyWhole, 6);
        }
        QVERIFY((f.fakes.loads == std::array{0, 0, 0})); // not even loaded
        QVERIFY(f.derivedFiles() == files);
    }

    void changedCaptionMakesItsTextStaleOnly()
    {
        PassFixture f;
        f.run();
        test::writeText(f.pictures / "picture2.txt", "another caption");
        f.import();
        auto states = f.states();
        QVERIFY((states["picture2"] == std::array{stale, whole, whole, whole}));
        QVERIFY((states["picture3"] == std::array{whole, whole, whole, whole}));
        const auto report = f.run();
        QCOMPARE(report.passes[0].made, 1);
        QCOMPARE(report.passes[1].made + report.passes[2].made, 0);
        QCOMPARE(load(f.array(ArrayKind::T5, "picture2")).size(0), 3);
    }

    void changedPictureMakesItsLatentAndPatchesStaleOnly()
    {
        PassFixture f;
        f.run();
        f.draw(2, 111); // without another import
        auto states = f.states();
        QVERIFY((states["picture2"] == std::array{whole, stale, stale, stale}));
        QVERIFY((states["picture1"] == std::array{whole, whole, whole, whole}));
        const auto report = f.run();
        QCOMPARE(report.passes[0].made, 0);
        QCOMPARE(report.passes[1].made, 1);
        QCOMPARE(report.passes[2].made, 1);
        QVERIFY((f.states()["picture2"] == std::array{whole, whole, whole, whole}));
    }

    void touchedPictureChangesNothing()
    {
        PassFixture f;
        f.run();
        fs::last_write_time(f.picture(2), fs::file_time_type::clock::now() + std::chrono::hours(1));
        QVERIFY((f.states()["picture2"] == std::array{whole, whole, whole, whole}));
    }

    void changedEncoderMakesItsOwnArraysStaleOnly()
    {
        const std::array<std::array<ArrayState, 4>, 3> expected = {
            {{stale, whole, whole, whole}, {whole, stale, whole, whole}, {whole, whole, stale, stale}}};
        for (std::size_t pass = 0; pass < 3; ++pass) {
            PassFixture f(2);
            f.run();
            f.fakes.fingerprints[pass] = "another";
            for (const auto& [id, states] : f.states())
                QVERIFY(states == expected[pass]);
            const auto report = f.run();
            for (std::size_t i = 0; i < 3; ++i)
                QCOMPARE(report.passes[i].made, i == pass ? 2 : 0);
        }
    }

    void changedBucketTableMakesPicturesOfOtherBucketsStaleOnly()
    {
        PassFixture f;
        f.run();
        f.workspace.config.buckets = {{64, 64}, {96, 64}, {80, 112}};
        auto states = f.states();
        QVERIFY((states["picture0"] == std::array{whole, whole, whole, whole}));
        QVERIFY((states["picture2"] == std::array{whole, stale, stale, stale}));
        f.run();
        QVERIFY((f.states()["picture2"] == std::array{whole, whole, whole, whole}));
    }

    void backAndForthIsNotTakenForUnchanged()
    {
        // A crash between the new file and its entry must not revive the old entry when the caption is changed back.
        PassFixture f(1);
        f.run({Pass::T5});
        const auto before = f.derivedFiles();
        test::writeText(f.pictures / "picture0.txt", "another");
        f.import();
        {
            auto catalog = Catalog::open(f.workspace);
            catalog.beginMaking("picture0", ArrayKind::T5);
        }
        test::writeText(f.array(ArrayKind::T5, "picture0"), "new bytes that were never entered");
        test::writeText(f.pictures / "picture0.txt", "a caption of picture 0");
        f.import();
        QVERIFY(f.states()["picture0"][0] == missing);
        f.run({Pass::T5});
        QVERIFY(f.derivedFiles() == before);
    }

    void oneBadPictureDoesNotStopAPass()
    {
        PassFixture f;
        const auto bytes = readTextFile(f.picture(1));
        test::writeText(f.picture(1), bytes.substr(0, bytes.size() / 2));
        fs::remove(f.picture(4));
        auto report = f.run();
        QCOMPARE(report.passes[0].made, 6); // captions are not concerned
        for (const std::size_t i : {1U, 2U}) {
            QCOMPARE(report.passes[i].made, 4);
            QCOMPARE(report.passes[i].failures.size(), 2U);
            for (const auto& failure : report.passes[i].failures) {
                QVERIFY(failure.what == "picture1" || failure.what == "picture4");
                QVERIFY2(contains(failure.reason, failure.what + ".png"), failure.reason.c_str());
            }
        }
        QVERIFY((f.states()["picture1"] == std::array{whole, missing, missing, missing}));
        for (const auto& record : listRecords(f.workspace))
            QCOMPARE(record.problem.empty(), record.id != "picture1" && record.id != "picture4");

        test::writeText(f.picture(1), bytes); // mended
        report = f.run();
        QCOMPARE(report.passes[1].made, 1);
        QCOMPARE(report.passes[1].failures.size(), 1U);
        QVERIFY(Catalog::open(f.workspace).failures(Pass::Vae).count("picture1") == 0);
    }

    void failuresAreToldWhileThePassGoesOn()
    {
        PassFixture f(9);
        fs::remove(f.picture(0)); // of the square bucket, which comes first
        f.fakes.pixelsAtOnce = 1;
        std::int64_t encodedThen = -1;
        f.onFailure = [&](Pass pass, const Reject& failure) {
            QVERIFY(pass == Pass::Vae && encodedThen < 0); // once
            QCOMPARE(failure.what, std::string("picture0"));
            QVERIFY2(contains(failure.reason, "picture0.png"), failure.reason.c_str());
            encodedThen = f.fakes.encoded;
        };
        f.fakes.onImages = [&](const auto&) { // what was encoded is stored behind the encoder's back
            while (f.fakes.encoded == 2 && Catalog::open(f.workspace).failures(Pass::Vae).empty())
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        };
        const auto report = f.run({Pass::Vae});
        QCOMPARE(report.passes[0].failures.size(), 1U);
        QCOMPARE(f.fakes.encoded, 8);
        QVERIFY2(encodedThen >= 0 && encodedThen < 8, std::to_string(encodedThen).c_str());
    }

    void moreFailuresThanAllowedEndThePassAndKeepWhatIsFinished()
    {
        PassFixture f(9);
        f.fakes.pixelsAtOnce = 1; // one by one
        int asked = 0;
        f.fakes.onImages = [&](const auto&) {
            if (++asked % 2 == 0)
                throw std::runtime_error("picture number " + std::to_string(asked) + " is cursed");
        };
        f.maxFailures = 2;
        std::string message;
        try {
            f.run({Pass::Vae, Pass::Dino});
        } catch (const TooManyFailures& error) {
            message = error.what();
        }
        QVERIFY2(contains(message, "vae ended after 3 failures") && contains(message, "2 were allowed") &&
                     contains(message, "picture number 6 is cursed") && contains(message, "3 records were made"),
                 message.c_str());
        QCOMPARE(f.report.passes.size(), 1U); // dinov3 did not begin
        QCOMPARE(f.report.passes[0].made, 3);
        QCOMPARE(f.report.passes[0].failures.size(), 3U);
        QCOMPARE(Catalog::open(f.workspace).failures(Pass::Vae).size(), 3U);
        QCOMPARE(f.derivedFiles().size(), 3U);

        f.fakes.onImages = [](const auto&) {}; // mended
        QCOMPARE(f.run({Pass::Vae}).passes[0].made, 6);
        f.maxFailures = 0; // none may fail, and none does
        QCOMPARE(f.run({Pass::Vae}).passes[0].alreadyWhole, 9);
    }

    void asManyFailuresAsAllowedEndNothing()
    {
        PassFixture f(4);
        fs::remove(f.picture(0));
        fs::remove(f.picture(3));
        f.maxFailures = 2;
        const auto report = f.run({Pass::Vae, Pass::Dino});
        QCOMPARE(report.passes.size(), 2U); // it counts by pass
        for (const auto& pass : report.passes)
            QCOMPARE(pass.failures.size(), 2U);
    }

    void recordThatAnEncoderRefusesLeavesItsBatch()
    {
        PassFixture f;
        f.fakes.onText = [](const std::vector<std::string>& captions) {
            for (const auto& caption : captions) {
                if (contains(caption, "picture 3"))
                    throw std::runtime_error("this caption is cursed");
            }
        };
        const auto report = f.run({Pass::T5});
        QCOMPARE(report.passes[0].made, 5);
        QCOMPARE(report.passes[0].failures.size(), 1U);
        QCOMPARE(report.passes[0].failures[0].what, std::string("picture3"));
        QVERIFY(contains(report.passes[0].failures[0].reason, "(this caption is cursed)"));
    }

    void nonFiniteResultsAreFailuresAndNotWritten()
    {
        PassFixture f(1);
        f.fakes.spoil = [](at::Tensor& result) { result.view(-1)[0] = std::numeric_limits<float>::quiet_NaN(); };
        for (const auto& pass : f.run().passes) {
            QCOMPARE(pass.made, 0);
            QVERIFY(contains(pass.failures.at(0).reason, "NaN"));
        }
        QVERIFY(f.derivedFiles().empty());
    }

    void valuesBeyondHalfPrecisionKeepSinglePrecision()
    {
        PassFixture f(1);
        f.fakes.spoil = [](at::Tensor& result) { result.view(-1)[0] = 1e6; };
        f.run({Pass::T5});
        const auto text = load(f.array(ArrayKind::T5, "picture0"));
        QVERIFY(text.scalar_type() == at::kFloat);
        QCOMPARE(text.view(-1)[0].item<float>(), 1e6F);
        QVERIFY(f.states()["picture0"][0] == whole);
    }

    void absentEncoderIsToldBeforeTheFirstPassBegins()
    {
        PassFixture f(1);
        f.fakes.obstacles[2] = "the DINO encoder is not there: set it";
        QCOMPARE(test::errorOf([&] { f.run(); }), std::string("the DINO encoder is not there: set it"));
        QVERIFY(f.derivedFiles().empty());
        f.run({Pass::T5, Pass::Vae}); // the others do not need it
        QCOMPARE(f.derivedFiles().size(), 2U);
    }

    void unsetEncodersAreNamedByTheFront()
    {
        PassFixture f(1);
        const auto message = test::errorOf(
            [&] { makePreprocessJob({.workspace = f.workspace, .passes = {Pass::Vae}, .device = {}})->run({}); });
        QVERIFY2(contains(message, "encoders.vae") && contains(message, "workspace.yaml"), message.c_str());
        f.workspace.config.t5Encoder = "models/nothing";
        const auto gone = test::errorOf(
            [&] { makePreprocessJob({.workspace = f.workspace, .passes = {Pass::T5}, .device = {}})->run({}); });
        QVERIFY2(contains(gone, "models/nothing") && contains(gone, "config.json"), gone.c_str());
    }

    void emptyWorkspaceIsRefused()
    {
        const test::TemporaryFolder folder;
        test::FakeEncoders fakes;
        const auto workspace = Workspace::create(folder / "empty");
        const auto remedy = test::remedyOf(
            [&] { makePreprocessJobWith({.workspace = workspace, .device = {}}, fakes.encoders())->run({}); });
        QVERIFY(test::remedyAs<remedy::ImportPictures>(remedy) != nullptr);
    }

    void stoppedPassKeepsWhatItMadeAndGoesOn()
    {
        PassFixture f(9);
        f.fakes.pixelsAtOnce = 1; // one by one
        const JobContext context;
        int batches = 0;
        f.fakes.onImages = [&](const auto&) {
            if (++batches == 4)
                context.control->requestStop();
        };
        auto report = f.run({Pass::Vae}, context);
        QVERIFY(f.end == JobEnd::Cancelled);
        QCOMPARE(report.passes[0].made, 4);
        report = f.run({Pass::Vae});
        QVERIFY(f.end == JobEnd::Finished);
        QCOMPARE(report.passes[0].alreadyWhole, 4);
        QCOMPARE(report.passes[0].made, 5);
    }

    void stopInsideABatchLeavesItUnmade()
    {
        for (const auto pass : {Pass::T5, Pass::Vae, Pass::Dino}) {
            PassFixture f(6);
            f.fakes.pixelsAtOnce = 1;
            f.fakes.captionsAtOnce = 1;
            f.fakes.stopsInside = true;
            const JobContext context;
            int batches = 0;
            f.fakes.whileEncoding = [&](const JobContext& inside) {
                if (++batches < 3)
                    return;
                std::jthread stopper([&] { context.control->requestStop(); });
                while (!inside.shouldStop()) // would take for ever
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
            };
            const auto report = f.run({pass}, context);
            QVERIFY(f.end == JobEnd::Cancelled);
            QCOMPARE(report.passes[0].made, 2);
            QVERIFY(report.passes[0].failures.empty());
            f.fakes.whileEncoding = [](const auto&) {};
            QCOMPARE(f.run({pass}).passes[0].made, 4);
        }
    }

    void writingFallsBehindEncodingWithoutLosingTheOrder()
    {
        // The encoder is done with the last batches while the first is still being written; equal to one by one.
        PassFixture fast(12), slow(12);
        for (auto* const f : {&fast, &slow}) {
            f->fakes.pixelsAtOnce = 2 * 64 * 64;
            f->fakes.captionsAtOnce = 2;
        }
        slow.fakes.onImages = [](const auto&) { std::this_thread::sleep_for(std::chrono::milliseconds(15)); };
        fast.run();
        slow.run();
        QVERIFY(fast.derivedFiles() == slow.derivedFiles());
    }

    void progressCountsAllRecordsAndKnowsTheTimeLeft()
    {
        PassFixture f(6);
        f.fakes.pixelsAtOnce = 1;
        JobContext context;
        std::vector<Progress> seen;
        context.report = [&](const Progress& progress) {
            if (progress.stage == Stage(Stage::Encoding, Pass::Vae))
                seen.push_back(progress);
        };
        f.run({Pass::Vae}, context);
        QVERIFY(!seen.empty());
        QCOMPARE(seen.back().done, 6);
        QCOMPARE(seen.back().total, 6);
        QVERIFY(seen.back().perSecond > 0 && seen.back().secondsLeft.has_value());
    }

    void goodArraysOfOtherPipelinesAreAdopted()
    {
        PassFixture made(2), f(2);
        made.run();
        fs::copy(made.workspace.derivedFolder(), f.workspace.derivedFolder(), fs::copy_options::recursive);
        const auto before = f.derivedFiles();
        for (const auto& pass : f.run().passes) {
            QCOMPARE(pass.made, 0);
            QCOMPARE(pass.alreadyWhole, 2);
        }
        QVERIFY(f.derivedFiles() == before);
        QVERIFY(Catalog::open(f.workspace).provenances(ArrayKind::Vae).at("picture0").adopted);
        f.draw(0, 77); // from here on they are watched like all others
        QVERIFY((f.states()["picture0"] == std::array{whole, stale, stale, stale}));
    }

    void badArraysOfOtherPipelinesAreMovedAsideNotLost()
    {
        PassFixture f(2);
        for (const auto* const name : {"dinov3", "dinov3_patches", "vae"})
            fs::create_directories(f.workspace.derivedFolder() / name);
        writeNpy(f.array(ArrayKind::DinoPatches, "picture0"), arrayFromTensor(at::ones({256, 5})));
        writeNpy(f.array(ArrayKind::DinoCls, "picture0"), arrayFromTensor(at::ones({5})));
        writeNpy(f.array(ArrayKind::Vae, "picture0"), arrayFromTensor(at::full({4, 8, 8}, std::nan(""))));
        auto files = f.derivedFiles();
        f.run();
        QVERIFY((f.states()["picture0"] == std::array{whole, whole, whole, whole}));
        const auto after = f.derivedFiles();
        QCOMPARE(after.at("dinov3_patches_misaligned/picture0.npy"), files.at("dinov3_patches/picture0.npy"));
        QCOMPARE(after.at("dinov3_set_aside/picture0.npy"), files.at("dinov3/picture0.npy"));
        QCOMPARE(after.at("vae_set_aside/picture0.npy"), files.at("vae/picture0.npy"));
        QCOMPARE(load(f.array(ArrayKind::DinoPatches, "picture0")).size(0), 16);
    }
};

QTEST_APPLESS_MAIN(TestPasses)
#include "tst_passes.moc"
