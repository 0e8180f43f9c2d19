#include "core/runtime/job.h"
#include "core/sample/sample_request.h"
#include "tests/core/sample/sampling_fixture.h"

#include <QtTest/QTest>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

class TestSamplingSession : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void paintsTheSamePictureForTheSameSeed()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        QVERIFY2(session->description().starts_with("demo-run, step 2000, EMA, 0.0"), session->description().c_str());
        const auto paint = [&session](const SampleRequest& request) {
            return session->sample(request, {}, noPreview)->picture;
        };
        auto request = smallRequest();
        const auto first = paint(request);
        QCOMPARE(first.size, tiny.square);
        QVERIFY(paint(request).rgb == first.rgb);
        request.seed = 6;
        QVERIFY(paint(request).rgb != first.rgb);
        request = smallRequest();
        request.reference = RecordReference{"val0"};
        const auto withReference = paint(request);
        QVERIFY(withReference.rgb != first.rgb);
        request.textRecord = "val0";
        QVERIFY(paint(request).rgb != withReference.rgb);
    }

    void whatCannotBePaintedIsRefusedInWords()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        const std::vector<std::pair<const char*, std::function<void(SampleRequest&)>>> spoilt = {
            {"17x3",
             [](auto& r) {
                 r.size = {17, 3};
             }},
            {"multiples of 16", [](auto& r) { r.size.width += 8; }},
            {"0x0", [](auto& r) { r.size = {}; }},
            {"0 steps", [](auto& r) { r.steps = 0; }},
            {"take 1 to", [](auto& r) { r.steps = std::numeric_limits<std::int64_t>::max(); }},
            {"shift", [](auto& r) { r.shift = 0; }},
            {"scales", [](auto& r) { r.textScale = std::nan(""); }},
            {"lower end", [](auto& r) {
                 r.guidanceInterval = {0.9, 0.1};
             }}};
        for (const auto& [says, spoil] : spoilt) {
            auto request = smallRequest();
            spoil(request);
            const auto message = errorOf([&] { session->sample(request, {}, noPreview); });
            QVERIFY2(message.find(says) != std::string::npos, (std::string(says) + ": " + message).c_str());
        }
    }

    void showsThePictureAsItForms()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.size = TinyWorkspace::wide;
        request.previewEvery = 1;
        std::vector<std::int64_t> steps;
        const auto result = session->sample(request, {}, [&steps](const SamplePreview& preview) {
            steps.push_back(preview.step);
            QCOMPARE(preview.picture.size, TinyWorkspace::wide);
        });
        QCOMPARE(steps, (std::vector<std::int64_t>{1, 2, 3}));
        QVERIFY(result->settings.contains("nanodit"));
    }

    void stopsWithinAStep()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.previewEvery = 1;
        JobContext context;
        int previews = 0;
        QVERIFY(!session->sample(request, context, [&](const SamplePreview&) {
            ++previews;
            context.control->requestStop();
        }));
        QCOMPARE(previews, 1);
    }

    void saysWhatIsMissing()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeRandomModel(tiny);
        const auto session = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        const auto messageFor = [&](const SampleRequest& request) {
            return errorOf([&] { session->sample(request, {}, noPreview); });
        };
        auto request = smallRequest();
        request.prompt = "a red circle";
        QVERIFY(messageFor(request).find("encoders.t5") != std::string::npos);
        request = smallRequest();
        request.reference = RecordReference{"unknown"};
        QVERIFY(messageFor(request).find("unknown") != std::string::npos);
        request.reference = PictureReference{"missing.png"};
        QVERIFY(!messageFor(request).empty());
        request = smallRequest();
        request.size = {.width = 72, .height = 64};
        QVERIFY(messageFor(request).find("multiples of 16") != std::string::npos);
        QVERIFY(errorOf([&] { SamplingSession::open(tiny.workspace, checkpoint / "none"); }).find("does not exist") !=
                std::string::npos);
        QVERIFY(errorOf([&] { SamplingSession::open(tiny.workspace, tiny.workspace.root); }).find("state.json") !=
                std::string::npos);
    }

    void everyStepTellsWhatGuidanceDid()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        request.textRecord = "val0";
        for (const auto solver : {Solver::Euler, Solver::Heun}) {
            request.solver = solver;
            const auto steps = session->sample(request, {}, noPreview)->guidance;
            QCOMPARE(steps.size(), std::size_t(request.steps));
            QCOMPARE(steps.front().t, 1.0);
            for (const auto& step : steps)
                QVERIFY(step.applies && step.text && step.dino && step.dino->length > 0);
        }
    }

    void aPictureCanBeginWithAnother()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.start = PictureStart{.picture = RecordReference{"nobody"}, .time = 0.5};
        QVERIFY(errorOf([&] { session->sample(request, {}, noPreview); }).find("nobody") != std::string::npos);
        request.start->time = 0;
        QVERIFY(errorOf([&] { session->sample(request, {}, noPreview); }).find("time to start") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestSamplingSession)
#include "tst_sampling_session.moc"
