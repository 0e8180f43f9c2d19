#include "app/preferences.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <filesystem>

using namespace nanodit;
namespace fs = std::filesystem;

/// What the window remembers, as the next program reads it.
class TestPreferences : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aWorkspaceWhoseDiskIsAwayIsListedAgainOnceItIsBack()
    {
        const auto disk = workspace("disk"), other = workspace("other");
        {
            Preferences preferences(file());
            preferences.addRecentWorkspace(other);
            preferences.addRecentWorkspace(disk);
            QCOMPARE(preferences.recentWorkspaces(), (QStringList{disk, other}));
            QCOMPARE(preferences.lastWorkspace(), disk);
            fs::rename(folder_ / "disk", folder_ / "away");
            QCOMPARE(preferences.recentWorkspaces(), QStringList{other});
            QCOMPARE(preferences.lastWorkspace(), QString()); // not another one in its place
            preferences.addRecentWorkspace(other);
        }
        fs::rename(folder_ / "away", folder_ / "disk");
        QCOMPARE(Preferences(file()).recentWorkspaces(), (QStringList{other, disk}));
    }

    void theDeviceAndTheThemeAreKept()
    {
        {
            Preferences preferences(file());
            QVERIFY(preferences.theme() == ThemeMode::System);
            QCOMPARE(preferences.compute({.device = "cpu"}).device, std::string("cpu"));
            preferences.setTheme(ThemeMode::Dark);
            preferences.setCompute({.device = "cuda:1", .precision = Precision::Bf16});
        }
        Preferences preferences(file());
        QVERIFY(preferences.theme() == ThemeMode::Dark);
        QCOMPARE(preferences.compute().device, std::string("cuda:1"));
        QVERIFY(preferences.compute().precision == Precision::Bf16);
        preferences.setCompute({.device = "cpu"});
        QVERIFY(!preferences.compute().precision);
    }

private:
    QString workspace(const char* name) const
    {
        test::writeText(folder_ / name / "workspace.yaml", "");
        return QString::fromStdString((folder_ / name).string());
    }
    QString file() const { return QString::fromStdString((folder_ / "preferences.ini").string()); }

    test::TemporaryFolder folder_;
};

QTEST_MAIN(TestPreferences)
#include "tst_preferences.moc"
