#include "core/encoders/dino.h"
#include "core/encoders/t5_tokenizer.h"
#include "core/inspect/attention_export.h"
#include "core/inspect/attention_session.h"
#include "core/inspect/caption_words.h"
#include "core/inspect/subject_conditions.h"
#include "core/io/atomic_file.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/model/nanodit.h"
#include "core/preprocess/derived_array.h"
#include "core/runs/checkpoint.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/sample/sample_request.h"
#include "core/sample/sampling_session.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tiny_workspace.h"

#include <QtTest/QTest>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <numeric>

using namespace nanodit;
using namespace nanodit::test;

namespace {

std::filesystem::path writeRandomModel(const TinyWorkspace& tiny, bool patches = true, std::int64_t step = 10,
                                       std::uint64_t seed = 7)
{
    auto config = tinyModelConfig();
    config.useDinoPatches = patches;
    const NanoDiT model(config);
    randomise(model.parameters(), seed);
    CheckpointState state;
    state.run = patches ? "with" : "without";
    state.step = step;
    state.config.model = config;
    state.textTokens = 8;
    const auto weights = stateOf(model.parameters());
    return writeCheckpoint(tiny.workspace.runsFolder() / state.run, state,
                           {.model = weights, .ema = weights, .optimiser = weights});
}

AttentionSubject subject(double t = 0.6)
{
    AttentionSubject subject;
    subject.record = "val0";
    subject.t = t;
    subject.sampling.steps = 4;
    subject.sampling.seed = 3;
    subject.picture = false;
    return subject;
}

float sum(const std::vector<float>& values)
{
    return std::accumulate(values.begin(), values.end(), 0.0F);
}

} // namespace

class TestAttentionSession : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        checkpoint_ = writeRandomModel(tiny_);
        session_ = AttentionSession::open(tiny_.workspace, checkpoint_, {.device = "cpu", .threads = 2});
    }

    void bothDirectionsTellTheSame()
    {
        const auto scene = session_->look(subject());
        QCOMPARE(scene->latents.count(), 16);
        QCOMPARE(scene->patches.count(), 16);
        QCOMPARE(scene->blocks, 2);
        std::vector<std::int64_t> tokens(static_cast<std::size_t>(scene->textTokens + 1 + 16));
        std::iota(tokens.begin(), tokens.end(), 0);
        for (const auto all = session_->onLatents(tokens)->of({}, {}); const float mass : all)
            QVERIFY(std::abs(mass - 1) < 1e-4);
        const auto cls = session_->onLatents({scene->clsToken()});
        const auto patch = session_->onLatents({scene->patchToken(6)});
        for (const std::int64_t latent : {0, 7, 15}) {
            const auto seen = session_->ofLatents({latent});
            for (std::int64_t block = 0; block < 2; ++block) {
                const auto shares = seen->shares.of(block, 1);
                QVERIFY(std::abs(sum(shares) - 1) < 1e-5);
                QVERIFY(std::abs(sum(seen->words.of(block, 1)) - shares[0]) < 1e-5);
                QVERIFY(std::abs(sum(seen->patches.of(block, 1)) - shares[2]) < 1e-5);
                const auto at = static_cast<std::size_t>(latent);
                QVERIFY(std::abs(cls->of(block, 1)[at] - shares[1]) < 1e-5);
                QVERIFY(std::abs(patch->of(block, 1)[at] - seen->patches.of(block, 1)[6]) < 1e-5);
            }
        }
        const auto self = session_->selfAttention({3, 4});
        QCOMPARE(self->width, 16);
        for (std::int64_t block = 0; block < 2; ++block)
            QVERIFY(std::abs(sum(self->of(block, {})) - 1) < 1e-4);
    }

    void anAnswerHoldsWhatTheQuestionAskedFor()
    {
        const auto scene = session_->look(subject());
        const auto latents = session_->answer({.latents = {2, 3}, .tokens = {}, .self = true, .summaries = true});
        QCOMPARE(latents->seen->shares.values, session_->ofLatents({2, 3})->shares.values);
        QCOMPARE(latents->self->values, session_->selfAttention({2, 3})->values);
        QCOMPARE(latents->summaries->byRow.values, session_->summaries()->byRow.values);
        QVERIFY(!latents->given);
        const auto token = session_->answer({.latents = {}, .tokens = {scene->clsToken()}});
        QCOMPARE(token->given->values, session_->onLatents({scene->clsToken()})->values);
        QVERIFY(!token->seen && !token->self && !token->summaries);
    }

    void contributionsAreSharesOfWhatATokenAdds()
    {
        const auto scene = session_->look(subject());
        const AttentionQuestion mass{.latents = {2, 3}}, tokens{.tokens = {scene->clsToken()}};
        auto ofLatents = mass, ofTokens = tokens;
        ofLatents.measure = ofTokens.measure = AttentionMeasure::Contribution;
        const auto seen = session_->answer(ofLatents)->seen;
        for (std::int64_t block = 0; block < 2; ++block) {
            for (std::int64_t head = 0; head < 4; ++head) {
                QVERIFY(std::abs(sum(seen->shares.of(block, head)) - 1) < 1e-5);
                QVERIFY(seen->shares.of(block, head) != session_->answer(mass)->seen->shares.of(block, head));
            }
        }
        // Both directions agree, and the order of the questions does not matter.
        const auto given = session_->answer(ofTokens)->given;
        QVERIFY(given->values != session_->answer(tokens)->given->values);
        for (const std::int64_t latent : {0, 7}) {
            const auto one = session_->ofLatents({latent}, {}, {}, AttentionMeasure::Contribution);
            QVERIFY(std::abs(given->of(1, 2)[static_cast<std::size_t>(latent)] - one->shares.of(1, 2)[1]) < 1e-5);
        }
        const auto summaries = session_->summaries();
        for (std::int64_t block = 0; block < 2; ++block)
            QVERIFY(std::abs(sum(summaries->contribution.of(block, {})) - 1) < 1e-5);
        QVERIFY(scene->radii.values.empty());
    }

    void whatIsKnockedOutLeavesTheContext()
    {
        const auto scene = session_->look(subject());
        const std::vector<std::int64_t> corner = {scene->patchToken(0), scene->patchToken(1)};
        const auto out = session_->knockOut(corner, 5);
        QCOMPARE(out->change.size(), 16U);
        const auto again = session_->knockOut(corner, 5);
        QCOMPARE(again->change, out->change);
        QCOMPARE(again->controlTokens, out->controlTokens);
        QVERIFY(session_->knockOut(corner, 6)->controlTokens != out->controlTokens);
        for (const auto token : out->controlTokens)
            QVERIFY(token != corner[0] && token != corner[1]);
        QVERIFY(out->meanChange > 0 && out->meanControlChange > 0);
        QVERIFY(out->mass > 0 && std::abs(out->controlMass - out->mass) < 0.05);
        QCOMPARE(out->agreement.size(), 2U);
        // The moment that was looked at is still there.
        QCOMPARE(session_->knockOut({scene->clsToken()}, 5)->tokens, std::vector<std::int64_t>{scene->clsToken()});
        QCOMPARE(session_->ofLatents({5})->patches.values.size(), static_cast<std::size_t>(2 * 4 * 16));

        std::vector<std::int64_t> all(static_cast<std::size_t>(scene->textTokens + 1 + 16));
        std::iota(all.begin(), all.end(), 0);
        QVERIFY_EXCEPTION_THROWN(session_->knockOut(all, 5), UsageError);
        QVERIFY_EXCEPTION_THROWN(session_->knockOut({}, 5), UsageError);
        // One of sixteen null patches: the others stay.
        auto nulls = subject();
        nulls.seen = SeenConditions::None;
        session_->look(nulls);
        const auto one = session_->knockOut({scene->patchToken(3)}, 5),
                   most = session_->knockOut(
                       {scene->patchToken(0), scene->patchToken(1), scene->patchToken(2), scene->patchToken(3)}, 5);
        QVERIFY(one->meanChange > 0 && most->meanChange > one->meanChange);
    }

    void aBlockCanBeAskedAlone()
    {
        const auto scene = session_->look(subject());
        const AttentionQuestion all{.latents = {2}, .tokens = {}, .self = true}, tokens{.tokens = {scene->clsToken()}};
        auto second = all, secondOfTokens = tokens;
        second.block = secondOfTokens.block = 1;
        const auto alone = session_->answer(second);
        const auto together = session_->answer(all);
        QCOMPARE(alone->seen->patches.of(1, {}), together->seen->patches.of(1, {}));
        QCOMPARE(alone->self->of(1, {}), together->self->of(1, {}));
        QCOMPARE(sum(alone->seen->patches.of(0, {})), 0.0F);
        QCOMPARE(sum(alone->self->of(0, {})), 0.0F);
        const auto given = session_->answer(secondOfTokens)->given;
        QCOMPARE(given->of(1, {}), session_->answer(tokens)->given->of(1, {}));
        QCOMPARE(sum(given->of(0, {})), 0.0F);
    }

    void aFilmShowsWhatEachStepOfTheSamplingSees()
    {
        const AttentionQuestion question{.latents = {5}};
        const auto frames = session_->filmOfSampling(subject(), question);
        QCOMPARE(frames->size(), 4U);
        QCOMPARE(frames->front().scene.t, 1.0);
        QCOMPARE(frames->at(3).label, std::string("t = 0.25"));
        auto along = subject(0.5);
        along.alongSampling = true;
        session_->look(along);
        QCOMPARE(frames->at(2).answer.seen->patches.values, session_->ofLatents({5})->patches.values);
        QVERIFY(frames->at(2).answer.seen->patches.values != frames->at(0).answer.seen->patches.values);

        const auto arrays = arraysOf(*frames);
        for (const auto& [name, array] : arrays) {
            if (name == "patches")
                QCOMPARE(array.shape, (std::vector<std::int64_t>{4, 2, 4, 16}));
            if (name == "times")
                QCOMPARE(array.shape, std::vector<std::int64_t>{4});
        }
        QCOMPARE(arrays.size(), 7U); // of the latents, and the times
        JobContext stopped;
        stopped.control->requestStop();
        QVERIFY(!session_->filmOfSampling(subject(), question, stopped));
    }

    void aFilmOfCheckpointsShowsEachOfThem()
    {
        const auto other = writeRandomModel(tiny_, true, 20, 9);
        const auto frames =
            filmOfCheckpoints(tiny_.workspace, {checkpoint_, other}, subject(), {.latents = {5}}, {.device = "cpu"});
        QCOMPARE(frames->size(), 2U);
        QCOMPARE(frames->at(1).label, other.filename().string());
        session_->look(subject());
        QCOMPARE(frames->at(0).answer.seen->patches.values, session_->ofLatents({5})->patches.values);
        QVERIFY(frames->at(1).answer.seen->patches.values != frames->at(0).answer.seen->patches.values);
    }

    /// What a sampling is given can be looked at without a record, and is the same as the record it was taken from.
    void aSampleIsLookedAtAlongItsSampling()
    {
        auto sample = subject(0.5);
        sample.record.clear();
        sample.sampling.textRecord = "val0";
        sample.sampling.reference = RecordReference{"val0"};
        sample.sampling.size = TinyWorkspace::square;
        sample.picture = true;
        const auto scene = session_->look(sample);
        QCOMPARE(scene->caption, std::string("a drawing"));
        QVERIFY(!scene->reference.empty());
        const auto seen = session_->ofLatents({4});
        auto record = subject(0.5);
        record.alongSampling = true;
        session_->look(record);
        QCOMPARE(session_->ofLatents({4})->patches.values, seen->patches.values);
        QVERIFY(session_->paint(sample)->rgb == session_->paint(record)->rgb);

        sample.sampling.clsFrom = RecordReference{"nobody"}; // other conditions: nothing that is kept serves
        QVERIFY(errorOf([&] { session_->look(sample); }).find("nobody") != std::string::npos);
        sample.sampling.clsFrom = NoReference{};
        sample.sampling.blend = ReferenceBlend{.with = RecordReference{"nobody"}, .weight = 0.5};
        QVERIFY(errorOf([&] { session_->look(sample); }).find("nobody") != std::string::npos);
        sample.sampling.blend.reset();

        sample.sampling.reference = NoReference{};
        sample.sampling.textRecord.reset();
        const auto nothing = session_->look(sample);
        QVERIFY(nothing->words.empty() && nothing->reference.empty());
        QVERIFY(std::abs(sum(session_->ofLatents({4})->shares.of({}, {})) - 1) < 1e-5);
        sample.edits.erasedPatches = {1};
        QVERIFY(errorOf([&] { session_->look(sample); }).find("no reference") != std::string::npos);
        sample.edits = {};
        sample.edits.erasedWords = {0};
        QVERIFY(errorOf([&] { session_->look(sample); }).find("no words") != std::string::npos);
    }

    void aNullSegmentIsShownAsItsTokens()
    {
        auto none = subject();
        none.seen = SeenConditions::None;
        const auto scene = session_->look(none);
        QVERIFY(scene->words.empty());
        const auto seen = session_->ofLatents({2});
        QCOMPARE(seen->words.width, 1); // all of the null text
        const auto patches = seen->patches.of(0, 0);
        for (const float mass : patches)
            QVERIFY(std::abs(mass - patches[0]) < 1e-7);
        QVERIFY(std::abs(sum(seen->shares.of({}, {})) - 1) < 1e-5);
    }

    void erasedTokensGetNothingAndThePictureChanges()
    {
        auto edited = subject();
        edited.edits = {.erasedWords = {1},
                        .replacedWords = {},
                        .eraseCls = true,
                        .clsFrom = {},
                        .erasedPatches = {5, 15},
                        .pastes = {}};
        session_->look(edited);
        const auto seen = session_->ofLatents({2});
        QCOMPARE(seen->words.of({}, {})[1], 0.0F);
        QCOMPARE(seen->patches.of({}, {})[5], 0.0F);
        QCOMPARE(seen->patches.of({}, {})[15], 0.0F);
        QVERIFY(std::abs(sum(seen->shares.of({}, {})) - 1) < 1e-5);

        const auto before = session_->paint(subject());
        const auto after = session_->paint(edited);
        QVERIFY(before->rgb != after->rgb);
        QVERIFY(session_->paint(subject())->rgb == before->rgb); // the same seed
    }

    void pastingOnesOwnPatchesInPlaceChangesNothing()
    {
        auto pasted = subject();
        const auto before = session_->paint(pasted);
        pasted.edits.pastes = {{.record = "val0", .from = {1, 1}, .to = {1, 1}, .rows = 2, .cols = 3}};
        QVERIFY(session_->paint(pasted)->rgb == before->rgb);
        pasted.edits.pastes[0].to = {0, 0};
        QVERIFY(session_->paint(pasted)->rgb != before->rgb);
    }

    void paintsWhatTheSamplerPaints()
    {
        auto plain = subject();
        SampleRequest request = plain.sampling;
        request.size = TinyWorkspace::square;
        request.textRecord = "val0";
        request.reference = RecordReference{"val0"};
        const auto sampler = SamplingSession::open(tiny_.workspace, checkpoint_, {.device = "cpu", .threads = 2});
        QVERIFY(sampler->sample(request, {}, [](const SamplePreview&) {})->picture.rgb == session_->paint(plain)->rgb);
    }

    void aCourseFollowsTheTimes()
    {
        auto along = subject();
        along.alongSampling = true;
        const auto course = session_->course(along, {1.0, 0.5});
        QCOMPARE(course->times, (std::vector<double>{1.0, 0.5}));
        for (const auto& at : course->at) {
            QVERIFY(std::abs(sum(at.shares.of({}, {})) - 1) < 1e-5);
            QCOMPARE(at.byRow.width, 16);
            QVERIFY(at.alignment.of({}, {})[0] > 0);
        }
    }

    void aModelWithoutPatchesHasNone()
    {
        const auto session = AttentionSession::open(tiny_.workspace, writeRandomModel(tiny_, false));
        const auto scene = session->look(subject());
        QCOMPARE(scene->patches.count(), 0);
        const auto seen = session->ofLatents({2});
        QCOMPARE(seen->patches.values.size(), 0U);
        QCOMPARE(seen->shares.of({}, {})[2], 0.0F);
        QCOMPARE(session->summaries()->alignment.values.size(), 0U);
    }

    void arraysThatWereMadeAgainAreReadAgain()
    {
        const auto file = arrayFile(tiny_.workspace, ArrayKind::DinoPatches, "val0");
        const auto bytes = readTextFile(file);
        session_->look(subject());
        const auto before = session_->ofLatents({5})->patches.values;
        writeNpy(file, arrayFromTensor(tensorFromArray(readNpy(file)).to(at::kFloat).mul(-2).to(at::kHalf)));
        session_->look(subject());
        QVERIFY(session_->ofLatents({5})->patches.values != before);
        writeFileAtomically(file, bytes);
        using std::filesystem::last_write_time; // of the same size, and perhaps within one tick of the clock
        last_write_time(file, last_write_time(file) + std::chrono::seconds(1));
        session_->look(subject());
        QCOMPARE(session_->ofLatents({5})->patches.values, before);
    }

    void stopsWhenAsked()
    {
        JobContext context;
        context.control->requestStop();
        QVERIFY(!session_->look(subject(0.3), context));
        session_->look(subject());
        QVERIFY(!session_->summaries(context));
        QVERIFY(!session_->ofLatents({1}, context));
    }

    void stopsWhileAReferenceIsEncoded()
    {
        auto workspace = tiny_.workspace;
        workspace.config.dinoEncoder = "models/whole";
        const auto config = DinoConfig::load(workspace.path("models/dino"));
        writeDinoFolder(workspace.path("models/whole"), config, DinoEncoder::initialWeights(config, 1));
        ConditionEncoder encoder(workspace, {}, 8, tinyModelConfig(), Compute{});
        const NanoDiT model(tinyModelConfig());
        SubjectReader reader(workspace, encoder, model, 8);
        SampleRequest request;
        request.size = TinyWorkspace::square;
        request.reference = PictureReference{workspace.imagesFolder() / "val0.png"};
        QVERIFY(!reader.read(request, {}, [] { return true; }));
        const auto whole = reader.read(request, {});
        QVERIFY(whole && whole->hasDino && !whole->hasText);
    }

    /// A stop that comes when all blocks were looked at does not wait for the picture to be decoded.
    void stopsWhileThePictureIsDecoded()
    {
        auto withPicture = subject();
        withPicture.picture = true;
        QVERIFY(!session_->look(withPicture)->forming.empty());
        JobContext context;
        context.report = [&context](const Progress& progress) {
            if (progress.stage == Stage::InspectingBlocks && progress.done == progress.total)
                context.control->requestStop();
        };
        QVERIFY(!session_->look(withPicture, context));
        QVERIFY(context.control->stopRequested());
        QVERIFY(!session_->look(withPicture)->forming.empty());
    }

    void saysWhatIsWrong()
    {
        const auto messageFor = [this](const AttentionSubject& wrong) {
            return errorOf([&] { session_->look(wrong); });
        };
        auto wrong = subject();
        wrong.record = "nobody";
        QVERIFY(messageFor(wrong).find("nobody") != std::string::npos);
        wrong = subject(0);
        QVERIFY(messageFor(wrong).find("above 0") != std::string::npos);
        wrong = subject();
        wrong.edits.erasedPatches = {16};
        QVERIFY(messageFor(wrong).find("no patch 16") != std::string::npos);
        wrong = subject();
        wrong.edits.erasedWords = {77};
        QVERIFY(messageFor(wrong).find("no word 77") != std::string::npos);
        wrong = subject();
        wrong.edits.pastes = {{.record = "val0", .from = {3, 3}, .to = {0, 0}, .rows = 2, .cols = 2}};
        QVERIFY(messageFor(wrong).find("do not fit") != std::string::npos);
        std::int64_t reports = 0; // a sampling would make some
        JobContext context;
        context.report = [&reports](const Progress&) { ++reports; };
        QVERIFY(errorOf([&] { session_->patchesOf(wrong, context); }).find("do not fit") != std::string::npos);
        QVERIFY((session_->patchesOf(subject(), context) == GridSize{4, 4}));
        QCOMPARE(reports, 0);
        session_->look(subject());
        QVERIFY(errorOf([this] { session_->ofLatents({16}); }).find("no latent token 16") != std::string::npos);
    }

    void joinsPiecesToWords()
    {
        const T5Tokenizer tokenizer(dataPath("golden/03_t5_encoder/spiece.model"));
        const std::string caption = "photographing a red, incomprehensible ring";
        const auto words = captionWords(tokenizer, caption, 0);
        std::string joined;
        std::int64_t next = 0;
        for (const auto& word : words) {
            QCOMPARE(word.firstToken, next);
            next += word.tokens;
            if (!word.end)
                joined += (joined.empty() ? "" : " ") + word.text;
        }
        QCOMPARE(joined, caption);
        QCOMPARE(next, static_cast<std::int64_t>(tokenizer.encode(caption).size()));
        QVERIFY(words.back().end);
        QCOMPARE(withWordsReplaced(words, {{2, "dark blue"}, {3, ""}}), std::string("photographing a dark blue ring"));
        QVERIFY(errorOf([&] { withWordsReplaced(words, {{9, "x"}}); }).find("no word 9") != std::string::npos);
    }

private:
    TinyWorkspace tiny_;
    std::filesystem::path checkpoint_;
    std::shared_ptr<AttentionSession> session_;
};

QTEST_APPLESS_MAIN(TestAttentionSession)
#include "tst_attention_session.moc"
