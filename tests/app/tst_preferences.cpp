#include "app/preferences.h"
#include "app/recent_workspaces.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <atomic>
#include <filesystem>
#include <future>
#include <memory>

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
            RecentWorkspaces recent(preferences);
            recent.add(other);
            recent.add(disk);
            QCOMPARE(recent.folders(), (QStringList{disk, other}));
            QCOMPARE(preferences.lastWorkspace(), disk);
            fs::rename(folder_ / "disk", folder_ / "away");
            recent.refresh();
            QTRY_COMPARE_WITH_TIMEOUT(recent.folders(), QStringList{other}, 60000);
            QCOMPARE(preferences.lastWorkspace(), disk); // not another one in its place
            recent.add(other);
        }
        fs::rename(folder_ / "away", folder_ / "disk");
        Preferences preferences(file());
        RecentWorkspaces recent(preferences);
        QCOMPARE(recent.folders(), QStringList()); // none is known yet
        recent.refresh();
        QTRY_COMPARE_WITH_TIMEOUT(recent.folders(), (QStringList{other, disk}), 60000);
    }

    void aFolderThatDoesNotAnswerHoldsUpNobody()
    {
        const auto answer = std::make_shared<std::promise<void>>();
        const auto asked = std::make_shared<std::atomic<int>>(0);
        const RecentWorkspaces::IsThere isThere = [asked, hung = answer->get_future().share()](const QString& folder) {
            if (folder != QLatin1String("hangs"))
                return true;
            ++*asked;
            hung.wait();
            return true;
        };
        Preferences preferences(QString::fromStdString((folder_ / "network.ini").string()));
        for (const auto* const folder : {"older", "hangs", "newer"})
            preferences.addRecentWorkspace(folder);
        {
            RecentWorkspaces recent(preferences, isThere);
            bool opened = false, opensOther = false;
            recent.refresh();
            recent.ifThere("hangs", [&opened] { opened = true; });
            recent.ifThere("older", [&opensOther] { opensOther = true; });
            QTRY_COMPARE_WITH_TIMEOUT(recent.folders(), (QStringList{"newer", "older"}), 60000);
            QTRY_VERIFY_WITH_TIMEOUT(opensOther && *asked == 1, 60000);
            recent.refresh(); // no second thread waits for it
            QTRY_COMPARE_WITH_TIMEOUT(recent.folders(), (QStringList{"newer", "older"}), 60000);
            QVERIFY(!opened);
            answer->set_value();
            QTRY_VERIFY_WITH_TIMEOUT(opened, 60000);
            QCOMPARE(recent.folders(), (QStringList{"newer", "hangs", "older"}));
            QCOMPARE(asked->load(), 1);
        }
        const auto later = std::make_shared<std::promise<void>>();
        const auto ended = std::make_shared<std::atomic<bool>>(false);
        {
            RecentWorkspaces recent(preferences, [ended, hung = later->get_future().share()](const QString& folder) {
                if (folder == QLatin1String("hangs")) {
                    hung.wait();
                    *ended = true;
                }
                return true;
            });
            recent.refresh();
        } // it is gone at once
        QVERIFY(!*ended);
        later->set_value(); // who answers nobody any more
        QTRY_VERIFY_WITH_TIMEOUT(*ended, 60000);
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
