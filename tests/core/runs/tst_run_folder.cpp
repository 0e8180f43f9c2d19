#include "core/io/atomic_file.h"
#include "core/runs/run_folder.h"
#include "core/runs/run_history.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

#include <filesystem>
#include <memory>
#include <string>

using namespace nanodit;
using namespace nanodit::test;

class TestRunFolder : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        folder_ = std::make_unique<TemporaryFolder>();
        workspace_ = Workspace::create(*folder_ / "workspace");
    }

    void namesThatAreNoFolderAreRefused()
    {
        for (const auto& name :
             {std::string(), std::string("a/b"), std::string("../a"), std::string(".a"), std::string("a\0b", 3)}) {
            const auto message = errorOf([&] { RunFolder(workspace_, name, false); });
            QVERIFY2(message.find("cannot be the name of a run") != std::string::npos, message.c_str());
        }
    }

    void theLogGoesOnWhenTheDiskHasRoomAgain()
    {
        RunFolder folder(workspace_, "run", false);
        const auto log = folder.path() / "log.txt";
        folder.note(LogLevel::Info, "before");
        {
            const FileSizeLimit full(static_cast<rlim_t>(std::filesystem::file_size(log)));
            folder.note(LogLevel::Info, "while the disk is full");
        }
        folder.note(LogLevel::Warning, "behind");
        const auto text = readTextFile(log);
        QVERIFY(text.find("before") != std::string::npos);
        QVERIFY2(text.find("warning: behind") != std::string::npos, text.c_str());
    }

    void whatCameToNothingLeavesNothingButWhatOthersPutThere()
    {
        const auto abandoned = [this](const std::string& name) {
            RunFolder folder(workspace_, name, false);
            folder.note(LogLevel::Error, "it failed");
            appendRunEvent(folder.path(), 0, "begun", "begun");
            folder.abandon();
            return folder.path();
        };
        QVERIFY(!std::filesystem::exists(abandoned("run")));
        const auto before = workspace_.runsFolder() / "before";
        std::filesystem::create_directories(before);
        QVERIFY(std::filesystem::exists(abandoned("before") / "log.txt"));
        QVERIFY(!std::filesystem::exists(before / "lock"));
    }

private:
    std::unique_ptr<TemporaryFolder> folder_;
    Workspace workspace_;
};

QTEST_APPLESS_MAIN(TestRunFolder)
#include "tst_run_folder.moc"
