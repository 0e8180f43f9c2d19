#include "core/inspect/jobs.h"
#include "core/runtime/error.h"
#include "tests/core/inspect/patch_workspace.h"

#include <ATen/ATen.h>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

using namespace nanodit;
using test::PatchWorkspace;

namespace {

DriftReport measure(PatchWorkspace& w, DriftRequest request = {})
{
    DriftReport report;
    request.workspace = w.workspace;
    request.finished = [&report](const auto& r) { report = r; };
    makeDriftJobWith(std::move(request), w.encoders())->run({});
    return report;
}

/// The crop of picture 0 at a size, encoded: [rows, cols, D].
at::Tensor featuresAt(PatchWorkspace& w, ImageSize size)
{
    const auto original = readImage(w.picture(0));
    const auto image = resampleBox(original, bucketCrop(original.size, w.bucket(0)), size);
    return w.encode(image).view({size.height / 16, size.width / 16, -1});
}

double cosine(const at::Tensor& a, const at::Tensor& b)
{
    return at::cosine_similarity(a, b, 0).item<double>();
}

const RecordDrift& of(const DriftReport& report, const std::string& id)
{
    for (const auto& one : report.records) {
        if (one.id == id)
            return one;
    }
    throw DataError("no drift of " + id);
}

} // namespace

class TestDrift : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eachPatchIsComparedWithThatOverItsPlace()
    {
        PatchWorkspace w;
        const auto report = measure(w);
        QCOMPARE(report.records.size(), 4U);
        const auto drift = of(report, w.id(0));
        QVERIFY((drift.grid == GridSize{8, 12} && drift.otherGrid == GridSize{4, 6}));
        const auto here = featuresAt(w, {192, 128}), there = featuresAt(w, {96, 64});
        double sum = 0, lowest = 1;
        for (std::int64_t r = 0; r < 8; ++r) {
            for (std::int64_t c = 0; c < 12; ++c) {
                const double expected = cosine(here[r][c], there[r / 2][c / 2]);
                QVERIFY(std::abs(static_cast<double>(drift.cosine[static_cast<std::size_t>(12 * r + c)]) - expected) <
                        1e-5);
                sum += expected;
                lowest = std::min(lowest, expected);
            }
        }
        QVERIFY(std::abs(drift.mean - sum / 96) < 1e-5 && std::abs(drift.lowest - lowest) < 1e-5);
        QVERIFY(drift.mean < 0.999);
    }

    void atAHigherResolutionThoseUnderAPatchAreAveraged()
    {
        PatchWorkspace w(1);
        const auto report = measure(w, {.workspace = {}, .scale = 2});
        const auto here = featuresAt(w, {192, 128}), there = featuresAt(w, {384, 256});
        const auto mean = there.narrow(0, 6, 2).narrow(1, 10, 2).reshape({4, -1}).mean(0);
        QVERIFY(std::abs(static_cast<double>(report.records[0].cosine[12 * 3 + 5]) - cosine(here[3][5], mean)) < 1e-5);
    }

    void bucketsAreMeansOfTheirRecordsWorstFirst()
    {
        PatchWorkspace w;
        const auto report = measure(w);
        QCOMPARE(report.buckets.size(), 2U);
        const auto& wide = report.buckets.at({192, 128});
        QCOMPARE(wide.records, 2);
        const double a = of(report, w.id(0)).mean, b = of(report, w.id(2)).mean;
        QVERIFY(std::abs(wide.mean - (a + b) / 2) < 1e-12);
        QCOMPARE(wide.lowest, std::min(a, b));
        for (std::size_t i = 1; i < report.records.size(); ++i)
            QVERIFY(report.records[i - 1].mean <= report.records[i].mean);
    }

    void whatWasMeasuredWhenItIsStoppedIsKept()
    {
        PatchWorkspace w;
        const auto whole = measure(w);
        QCOMPARE(whole.asked, 4);
        QVERIFY(!whole.stopped());
        std::vector<RecordDrift> told;
        std::vector<DriftReport> reports;
        const JobContext context;
        DriftRequest request{.workspace = w.workspace};
        request.onRecord = [&](const RecordDrift& drift) {
            told.push_back(drift);
            if (told.size() == 3)
                context.control->requestStop();
        };
        request.finished = [&reports](const auto& report) { reports.push_back(report); };
        QVERIFY(makeDriftJobWith(request, w.encoders())->run(context) == JobEnd::Cancelled);
        QCOMPARE(told.size(), 3U);
        QCOMPARE(reports.size(), 1U);
        const auto& part = reports[0];
        QVERIFY(part.stopped());
        QCOMPARE(part.asked, 4);
        QCOMPARE(part.lookedAt(), 3);
        std::map<ImageSize, std::vector<double>> means;
        for (const auto& drift : told) {
            QCOMPARE(of(part, drift.id).mean, of(whole, drift.id).mean); // as the whole measurement has it
            means[drift.bucket].push_back(drift.mean);
        }
        QCOMPARE(part.buckets.size(), means.size());
        for (const auto& [bucket, measured] : means) {
            QCOMPARE(part.buckets.at(bucket).records, static_cast<std::int64_t>(measured.size()));
            const auto sum = std::accumulate(measured.begin(), measured.end(), 0.0);
            QVERIFY(std::abs(part.buckets.at(bucket).mean - sum / static_cast<double>(measured.size())) < 1e-12);
        }
        for (std::size_t i = 1; i < part.records.size(); ++i)
            QVERIFY(part.records[i - 1].mean <= part.records[i].mean);
    }

    void aMeasurementThatIsStoppedBeforeItsFirstRecordTellsNothing()
    {
        PatchWorkspace w;
        int reports = 0;
        const JobContext context;
        context.control->requestStop();
        DriftRequest request{.workspace = w.workspace};
        request.finished = [&reports](const auto&) { ++reports; };
        QVERIFY(makeDriftJobWith(request, w.encoders())->run(context) == JobEnd::Cancelled);
        QCOMPARE(reports, 0);
    }

    void onePictureThatCannotBeReadEndsNothing()
    {
        PatchWorkspace w;
        std::filesystem::remove(w.picture(3));
        const auto report = measure(w);
        QCOMPARE(report.records.size(), 3U);
        QCOMPARE(report.left.size(), 1U);
        QVERIFY(report.left[0].reason.find("picture3.png") != std::string::npos);
        QVERIFY(test::errorOf([&] { measure(w, {.workspace = {}, .scale = 1}); }).find("not the same") !=
                std::string::npos);
        QVERIFY(test::errorOf([&] { measure(w, {.workspace = {}, .records = {"absent"}}); }).find("absent") !=
                std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestDrift)
#include "tst_drift.moc"
