#include "core/config/settings.h"
#include "core/config/train_config.h"
#include "core/io/atomic_file.h"

#include <QRegularExpression>
#include <QTest>

#include <algorithm>
#include <string>
#include <vector>

using namespace nanodit;

namespace {

/// Dotted names of the keys that a file of two levels spells out.
std::vector<std::string> keysIn(const std::string& yaml)
{
    std::vector<std::string> keys;
    std::string group;
    for (const auto& line : QString::fromStdString(yaml).split('\n')) {
        static const QRegularExpression pattern("^( *)([a-z_0-9]+):(.*)$");
        const auto match = pattern.match(line);
        if (!match.hasMatch())
            continue;
        const auto key = match.captured(2).toStdString();
        const auto rest = match.captured(3).section('#', 0, 0).trimmed();
        if (match.captured(1).isEmpty() && rest.isEmpty())
            group = key + ".";
        else
            keys.push_back((match.captured(1).isEmpty() ? "" : group) + key);
    }
    return keys;
}

} // namespace

class TestConfigs : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void shippedConfigurationIsValidAndSpellsOutEveryKey_data()
    {
        QTest::addColumn<QString>("name");
        QTest::newRow("demo") << "demo.yaml";
        QTest::newRow("reference") << "reference.yaml";
        QTest::newRow("base") << "base.yaml";
        QTest::newRow("plan") << "plan.yaml";
    }
    void shippedConfigurationIsValidAndSpellsOutEveryKey()
    {
        QFETCH(QString, name);
        const auto file = std::filesystem::path(NANODIT_CONFIGS) / name.toStdString();
        auto config = readTrainConfig(file); // throws for unknown keys and values out of range
        const auto expected = settingsOf([&config](FieldVisitor& visitor) { config.visit(visitor); });
        auto found = keysIn(readTextFile(file));
        std::sort(found.begin(), found.end());
        for (const auto& setting : expected)
            QVERIFY2(std::binary_search(found.begin(), found.end(), setting.key),
                     (setting.key + " is missing").c_str());
        QCOMPARE(found.size(), expected.size());
    }

    void planIsTheDefault()
    {
        const auto plan = readTrainConfig(std::filesystem::path(NANODIT_CONFIGS) / "plan.yaml");
        QCOMPARE(plan.model.hiddenSize, std::int64_t{768});
        QCOMPARE(plan.model.depth, std::int64_t{12});
        QCOMPARE(toYaml(plan), toYaml(TrainConfig{}));
    }

    void baseAddsPlacesWarmupWeightDecayOfMatricesAndWhatExplainsATrainingToThePlan()
    {
        auto base = readTrainConfig(std::filesystem::path(NANODIT_CONFIGS) / "base.yaml");
        QVERIFY(base.model.patchPosition == PatchPosition::Rope);
        QVERIFY(base.model.patchPrior == PatchPrior::Learned);
        base.model.patchPosition = PatchPosition::None;
        base.model.patchPrior = PatchPrior::None;
        base.model.priorWidest = TrainConfig{}.model.priorWidest;
        QVERIFY(base.ema.warmup && base.optimiser.decayed == Decayed::Matrices);
        base.ema.warmup = TrainConfig{}.ema.warmup;
        base.optimiser.decayed = TrainConfig{}.optimiser.decayed;
        QVERIFY(base.previews.rawUntil > 0 && base.previews.conditions > 0 && base.metrics.worthEvery > 0);
        base.previews.rawUntil = TrainConfig{}.previews.rawUntil;
        base.previews.conditions = TrainConfig{}.previews.conditions;
        base.metrics.worthEvery = TrainConfig{}.metrics.worthEvery;
        QCOMPARE(toYaml(base), toYaml(TrainConfig{}));
    }

    void demoUsesPatchesWithTheirPlaces()
    {
        const auto demo = readTrainConfig(std::filesystem::path(NANODIT_CONFIGS) / "demo.yaml");
        QVERIFY(demo.model.useDinoPatches);
        QVERIFY(demo.model.patchPosition == PatchPosition::Rope);
        QVERIFY(demo.model.patchPrior == PatchPrior::Learned);
        QVERIFY(demo.conditions.keepAll() >= 0.5);
    }
};

QTEST_APPLESS_MAIN(TestConfigs)
#include "tst_configs.moc"
