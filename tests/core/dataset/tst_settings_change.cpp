#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/dataset/settings_change.h"
#include "core/geometry/bucket_presets.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

using namespace nanodit;
using namespace nanodit::test;

class TestSettingsChange : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void settingsAreWrittenAndReadBack()
    {
        const TemporaryFolder folder;
        const auto workspace = Workspace::create(folder / "w");
        auto settings = workspace.config;
        settings.buckets = bucketPreset(256);
        settings.t5Encoder = "models/t5";
        const auto changed = changeSettings(workspace, settings);
        QCOMPARE(changed.root, workspace.root);
        const auto read = Workspace::open(workspace.root);
        QVERIFY(sameSettings(read.config, settings));
        QVERIFY(!sameSettings(read.config, workspace.config));
    }

    void whatAnotherProgramWroteIsNotLost()
    {
        const TemporaryFolder folder;
        const auto workspace = Workspace::create(folder / "w");
        auto other = workspace;
        other.config.textTokens = 77;
        other.save();
        auto settings = workspace.config;
        settings.lpips = "models/lpips";
        const auto why = errorOf([&] { changeSettings(workspace, settings); });
        QVERIFY2(why.find("changed by another program") != std::string::npos, why.c_str());
        QCOMPARE(Workspace::open(workspace.root).config.textTokens, 77);
    }

    void settingsThatCannotBeUsedAreNotWritten()
    {
        const TemporaryFolder folder;
        const auto workspace = Workspace::create(folder / "w");
        auto settings = workspace.config;
        settings.buckets = {{.width = 100, .height = 100}};
        const auto why = errorOf([&] { changeSettings(workspace, settings); });
        QVERIFY2(why.find("multiple of 16") != std::string::npos, why.c_str());
        QVERIFY(sameSettings(Workspace::open(workspace.root).config, workspace.config));
    }

    /// A split that a person or the source gave stays.
    void anotherShareMovesOnlyRecordsThatFollowTheRule()
    {
        const TemporaryFolder folder;
        auto config = WorkspaceConfig();
        config.validationShare = 0;
        const auto workspace = Workspace::create(folder / "w", config);
        {
            auto catalog = Catalog::open(workspace);
            for (int i = 0; i < 200; ++i) {
                Record record;
                record.id = "picture" + std::to_string(i);
                record.split = "train";
                record.original = {.width = 64, .height = 64};
                record.bucket = {.width = 64, .height = 64};
                catalog.put(record);
            }
        }
        setSplit(workspace, {"picture0", "picture1"}, "train");
        auto settings = workspace.config;
        settings.validationShare = 0.5;
        changeSettings(workspace, settings);
        int held = 0;
        for (const auto& record : Catalog::open(workspace).records()) {
            const bool byHand = record.id == "picture0" || record.id == "picture1";
            QCOMPARE(record.split, byHand ? "train" : splitOf(record.id, 0.5));
            held += record.split == "val";
        }
        QVERIFY2(held > 70 && held < 130, std::to_string(held).c_str());
    }

    void presetsHaveAboutTheirAreaAndSidesOf16()
    {
        QCOMPARE(bucketPreset(1024), defaultBuckets());
        for (const auto side : bucketPresetSides) {
            const auto buckets = bucketPreset(side);
            QCOMPARE(buckets.front(), (ImageSize{side, side}));
            QVERIFY(buckets.size() >= 5);
            for (const auto bucket : buckets) {
                QCOMPARE(bucket.width % 16, 0);
                QCOMPARE(bucket.height % 16, 0);
                const auto share = static_cast<double>(bucket.width * bucket.height) / static_cast<double>(side * side);
                QVERIFY2(share > 0.85 && share < 1.1, bucketName(bucket).c_str());
                QVERIFY(std::ranges::find(buckets, ImageSize{bucket.height, bucket.width}) != buckets.end());
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestSettingsChange)
#include "tst_settings_change.moc"
