#include "core/io/atomic_file.h"
#include "core/runs/metric_table.h"
#include "core/runs/metrics_file.h"
#include "core/runs/run_record.h"
#include "core/runtime/error.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <set>
#include <string>

using namespace nanodit;

class TestMetricTable : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyNumberHasItsOwnPlace();
    void everyNumberComesBackFromItsLine();
    void tagsAreTheKeysOfTheTable();
    void aLineOfAnEarlierVersionIsRead();
    void linesThatAreNoStepsAreNone();
    void aResumeKeepsStepsAndValidationsUpToItsCheckpoint();
    void anUnknownKeyIsNamed();
};

namespace {

/// A different value in every field that the table knows.
StepMetrics distinctMetrics()
{
    StepMetrics m;
    m.step = 7;
    double value = 2;
    for (const auto& metric : stepMetricTable())
        metric.set(m, metric.stored == StepMetric::Stored::Flag ? 1 : value++);
    m.attention.resize(2);
    for (auto& block : m.attention) {
        for (const auto& metric : blockMetricTable())
            block.*metric.value = value++;
    }
    m.endedAt = WallTime(std::chrono::milliseconds(1764411614123));
    return m;
}

} // namespace

void TestMetricTable::everyNumberHasItsOwnPlace()
{
    const auto m = distinctMetrics();
    std::set<std::string> keys;
    std::set<double> values;
    for (const auto& metric : stepMetricTable()) {
        QVERIFY2(keys.insert(metric.text.key).second, metric.text.key.c_str());
        QVERIFY2(!metric.text.label.empty() && !metric.text.help.empty(), metric.text.key.c_str());
        if (metric.stored != StepMetric::Stored::Flag)
            QVERIFY2(values.insert(metric.value(m)).second, metric.text.key.c_str());
    }
    QVERIFY(keys.size() >= 20);
}

void TestMetricTable::everyNumberComesBackFromItsLine()
{
    const auto m = distinctMetrics();
    const auto line = toJson(m).dump();
    const auto again = stepMetricsFromJson(line);
    QVERIFY(again.has_value());
    QCOMPARE(again->step, m.step);
    for (const auto& metric : stepMetricTable())
        QVERIFY2(metric.value(*again) == metric.value(m), metric.text.key.c_str());
    QCOMPARE(again->attention.size(), m.attention.size());
    for (std::size_t i = 0; i < m.attention.size(); ++i) {
        for (const auto& metric : blockMetricTable())
            QVERIFY2(again->attention[i].*metric.value == m.attention[i].*metric.value, metric.text.key.c_str());
    }
    QVERIFY(again->endedAt == m.endedAt);
    QCOMPARE(nlohmann::json::parse(line).at("wall_time").get<double>(), 1764411614.123);
    QCOMPARE(toJson(*again).dump(), line);
}

void TestMetricTable::tagsAreTheKeysOfTheTable()
{
    const auto m = distinctMetrics();
    std::set<std::string> tags;
    for (const auto& [tag, value] : scalarsOf(m))
        tags.insert(tag);
    QVERIFY(tags.count("loss") == 1);
    QVERIFY(tags.count("loss_by_t/0.75-1") == 1);
    QVERIFY(tags.count("samples_by_drop/dino") == 1);
    QVERIFY(tags.count("attention/alignment/1") == 1);
    QVERIFY(tags.count("skipped") == 0);
    auto withoutLoss = m;
    withoutLoss.lossByDrop[1] = std::nan("");
    for (const auto& [tag, value] : scalarsOf(withoutLoss))
        QVERIFY2(tag != "loss_by_drop/text", "a number that a step did not have has no tag");
}

void TestMetricTable::aLineOfAnEarlierVersionIsRead()
{
    const auto m = stepMetricsFromJson(
        R"({"step": 3, "loss": 1.25, "velocity_norm": null, "loss_by_t": {"0-0.25": 2}, "skipped": false, "later": 1})");
    QVERIFY(m.has_value());
    QCOMPARE(m->step, 3);
    QCOMPARE(m->loss, 1.25);
    QCOMPARE(m->lossByQuarter[0], 2.0);
    QVERIFY(std::isnan(m->velocityNorm) && std::isnan(m->gradNorm));
    QCOMPARE(m->damagedSamples, 0);
    QVERIFY(!m->endedAt);
    QVERIFY(toJson(*m).at("wall_time").is_null());
    // One that measured attention before contributions and radii were.
    const auto measured = stepMetricsFromJson(
        R"({"step": 4, "loss": 1, "attention": {"text": [0.5], "cls": [0.1], "patches": [0.4], "alignment": [2]}})");
    QCOMPARE(measured->attention.size(), std::size_t{1});
    const auto& block = measured->attention[0];
    QCOMPARE(block.alignment, 2.0);
    for (const double missing : {block.evenAlignment, block.textAdds, block.patchesAdd, block.narrowest, block.widest})
        QVERIFY(std::isnan(missing));
    for (const auto& [tag, value] : scalarsOf(*measured))
        QVERIFY2(!tag.starts_with("contribution/") && !tag.starts_with("radius/"), tag.c_str());
}

void TestMetricTable::linesThatAreNoStepsAreNone()
{
    for (const char* line :
         {"", "{", "[1]", "3", "null", R"({"step": 3})", R"({"loss": 1})", R"({"step": "3", "loss": 1})",
          R"({"step": 3, "validation": {"reconstruction": {"ssim": 0.5}}})", R"({"step": 3, "loss": 1)"})
        QVERIFY2(!stepMetricsFromJson(line), line);
    // Foreign types in known places are read as numbers that are not there.
    const auto odd =
        stepMetricsFromJson(R"({"step": 1, "loss": "x", "loss_by_t": 3, "attention": {"text": 4, "cls": ["y"]}})");
    QVERIFY(odd.has_value());
    QVERIFY(std::isnan(odd->loss));
    for (const char* time : {"\"noon\"", "-1", "1e300", "null", "[2]"}) {
        const auto step = stepMetricsFromJson(std::string(R"({"step": 1, "loss": 1, "wall_time": )") + time + "}");
        QVERIFY2(step && !step->endedAt, time);
    }
    QCOMPARE(odd->attention.size(), std::size_t{1});
}

void TestMetricTable::aResumeKeepsStepsAndValidationsUpToItsCheckpoint()
{
    const test::TemporaryFolder run;
    {
        MetricsFile file(run.path(), 0);
        for (std::int64_t step = 1; step <= 4; ++step) {
            StepMetrics metrics;
            metrics.step = step;
            if (step > 1) // the first one by a version that did not record it
                metrics.endedAt = WallTime(std::chrono::seconds(1000 + step));
            file.append(metrics);
            if (step % 2 == 0)
                file.appendValidation(
                    step, {{"reconstruction/ssim", 0.1 * static_cast<double>(step)}, {"raw/reconstruction/ssim", 0.5}});
            if (step > 1)
                file.appendMeasured(step, {{"worth/val/loss", 0.5}, {"worth/val/patch_gain", std::nan("")}});
        }
    }
    const auto metricsFile = run.path() / "metrics.jsonl";
    auto text = readTextFile(metricsFile);
    test::writeText(metricsFile, text.insert(1, R"("of_a_later_version":7,)"));
    MetricsFile file(run.path(), 3);
    QVERIFY(readTextFile(metricsFile).find("of_a_later_version") != std::string::npos);
    QVERIFY(file.hasValidation(2) && !file.hasValidation(4));
    QCOMPARE(file.validations().size(), std::size_t{1});
    QCOMPARE(file.validations()[0].step, 2);
    QCOMPARE(file.validations()[0].means.size(), std::size_t{2});
    const auto kept = readMetrics(run.path());
    QCOMPARE(kept.size(), std::size_t{3});
    QVERIFY(!kept[0].endedAt);
    QVERIFY(kept[1].endedAt == WallTime(std::chrono::seconds(1002)));
    QVERIFY(kept[2].endedAt == WallTime(std::chrono::seconds(1003)));
    const auto validations = readRunRecord(run.path(), 0, 1 << 20).validations;
    QCOMPARE(validations.size(), std::size_t{1});
    QCOMPARE(validations[0].step, 2);
    QCOMPARE(validations[0].means.size(), std::size_t{2}); // of both weights, apart
    for (const auto& [name, mean] : validations[0].means)
        QCOMPARE(mean, name == "raw/reconstruction/ssim" ? 0.5 : 0.2);
    const auto measured = readRunRecord(run.path(), 0, 1 << 20).measured;
    QCOMPARE(measured.size(), std::size_t{2});
    QCOMPARE(measured[1].step, 3);
    QCOMPARE(measured[1].values, (EventFile::Scalars{{"worth/val/loss", 0.5}}));
}

void TestMetricTable::anUnknownKeyIsNamed()
{
    QVERIFY_EXCEPTION_THROWN(stepMetric("los"), UsageError);
    QCOMPARE(stepMetric("velocity_norm").text.healthy->low, 0.5);
    QCOMPARE(metricText("worth/train/dino_gain").label, "DINO gain, training");
}

QTEST_APPLESS_MAIN(TestMetricTable)
#include "tst_metric_table.moc"
