#include "core/io/atomic_file.h"
#include "core/io/work_lock.h"
#include "tests/support/another_process.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <array>
#include <csignal>
#include <unistd.h>

using namespace nanodit;

class TestWorkLock : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void excludesAnotherOfTheSameProgramAndNamesIt()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "lock";
        {
            const WorkLock first(file, "the thing is being worked on");
            QVERIFY(first.held());
            const auto refused = test::errorOf([&] { const WorkLock second(file, "the thing is being worked on"); });
            const auto expected = "the thing is being worked on by process " + std::to_string(::getpid()) + " on ";
            QVERIFY2(refused.starts_with(expected), refused.c_str());
            const WorkLock elsewhere(folder / "another", "another thing"); // has nothing to do with it
        }
        const WorkLock again(file, "the thing is being worked on");
        QVERIFY(again.held());
    }

    void sharedOnesExcludeOnlyWhoeverWantsToBeAlone()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "lock";
        const auto alone = [&file] { return test::errorOf([&] { const WorkLock lock(file, "it is in use"); }); };
        {
            const WorkLock first(file, "it", WorkLock::Right::Shared);
            const WorkLock second(file, "it", WorkLock::Right::Shared);
            QVERIFY(first.held() && second.held());
            const auto refused = alone();
            QVERIFY2(refused.starts_with("it is in use by process " + std::to_string(::getpid())), refused.c_str());
        }
        QCOMPARE(alone(), std::string());
        const WorkLock mine(file, "it");
        const auto refused = test::errorOf([&] { const WorkLock lock(file, "it is in use", WorkLock::Right::Shared); });
        QVERIFY2(refused.starts_with("it is in use by process"), refused.c_str());
    }

    void goesWithItsProcess()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "lock";
        std::array<int, 2> ready{};
        QVERIFY(::pipe(ready.data()) == 0);
        const auto child = test::startProcess([&] {
            const WorkLock lock(file, "it");
            static_cast<void>(::write(ready[1], "r", 1) == 1);
            ::pause();
        });
        char sign = 0;
        QCOMPARE(::read(ready[0], &sign, 1), 1);
        const auto refused = test::errorOf([&] { const WorkLock lock(file, "it"); });
        QVERIFY2(refused.find("process " + std::to_string(child)) != std::string::npos, refused.c_str());
        ::kill(child, SIGKILL);
        QCOMPARE(test::endOf(child), -SIGKILL);
        const WorkLock mine(file, "it");
        QVERIFY(mine.held());
        QVERIFY(readTextFile(file).starts_with("process " + std::to_string(::getpid())));
        ::close(ready[0]);
        ::close(ready[1]);
    }

    void folderThatIsNotThereIsNamed()
    {
        const test::TemporaryFolder folder;
        const auto message = test::errorOf([&] { const WorkLock lock(folder / "no/where", "it"); });
        QVERIFY2(message.find("no/where") != std::string::npos, message.c_str());
    }
};

QTEST_APPLESS_MAIN(TestWorkLock)
#include "tst_work_lock.moc"
