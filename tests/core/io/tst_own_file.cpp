#include "core/io/atomic_file.h"
#include "core/io/own_file_reading.h"
#include "core/io/work_lock.h"
#include "tests/support/another_process.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <array>
#include <csignal>
#include <string>
#include <unistd.h>
#include <vector>

using namespace nanodit;
using test::contains;

namespace {

OwnFile<std::vector<int>> readNumbers(const std::filesystem::path& file)
{
    return readOwnFile<std::vector<int>>(file, "the numbers",
                                         [](const nlohmann::json& json) { return json.get<std::vector<int>>(); });
}

} // namespace

/// Files of the program's own: what happens to one that is damaged, and the lock of whoever works in a folder.
class TestOwnFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aGoodFileStaysAndNoneIsEmpty()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "numbers.json";
        const auto none = readNumbers(file);
        QVERIFY(none.value.empty() && none.damage.empty());
        test::writeText(file, "[1, 2]");
        const auto found = readNumbers(file);
        QCOMPARE(found.value, (std::vector{1, 2}));
        QCOMPARE(found.damage, std::string());
        QCOMPARE(readTextFile(file), std::string("[1, 2]"));
    }

    void everyDamagedFileIsKeptUnderANameOfItsOwn()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "numbers.json";
        const std::vector<std::pair<std::string, std::string>> damaged = {
            {"[1, 2", "numbers.json.damaged"}, {"", "numbers.json.damaged-2"}, {"[\"a\"]", "numbers.json.damaged-3"}};
        for (const auto& [text, name] : damaged) {
            test::writeText(file, text);
            const auto found = readNumbers(file);
            QVERIFY(found.value.empty());
            QVERIFY2(contains(found.damage, file.string() + " holds the numbers and is damaged (") &&
                         contains(found.damage, "it was moved to " + name + " beside it"),
                     found.damage.c_str());
            QVERIFY(!std::filesystem::exists(file));
        }
        for (const auto& [text, name] : damaged) // none took another's place
            QCOMPARE(readTextFile(folder / name), text);
        QVERIFY(readNumbers(file).damage.empty()); // it is told once
    }

    void aConfigurationThatCannotBeUsedIsDamage()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "settings.json";
        test::writeText(file, "{}");
        const auto found = readOwnFile<int>(
            file, "settings", [](const nlohmann::json&) -> int { throw ConfigError("unknown key \"stepz\""); });
        QVERIFY2(contains(found.damage, "(unknown key \"stepz\")"), found.damage.c_str());
        QCOMPARE(readTextFile(folder / "settings.json.damaged"), std::string("{}"));
    }

    void whatCannotBeMovedStaysAndIsTold()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / std::string(250, 'n'); // with ".damaged" longer than a name may be
        test::writeText(file, "no JSON");
        for (int time = 0; time < 2; ++time) {
            const auto found = readNumbers(file);
            QVERIFY(found.value.empty());
            QVERIFY2(contains(found.damage, "it could not be moved to "), found.damage.c_str());
            QCOMPARE(readTextFile(file), std::string("no JSON"));
        }
    }

    void aLockExcludesAnotherOfTheSameProgramAndNamesIt()
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

    void sharedLocksExcludeOnlyWhoeverWantsToBeAlone()
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

    void aLockGoesWithItsProcess()
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

    void aLockInAFolderThatIsNotThereIsRefused()
    {
        const test::TemporaryFolder folder;
        const auto message = test::errorOf([&] { const WorkLock lock(folder / "no/where", "it"); });
        QVERIFY2(message.find("no/where") != std::string::npos, message.c_str());
    }
};

QTEST_APPLESS_MAIN(TestOwnFile)
#include "tst_own_file.moc"
