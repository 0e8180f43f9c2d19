#include "core/io/atomic_file.h"
#include "tests/support/another_process.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

bool exchangesNames = true; ///< What the file system of this test can do.
int renamesUntilEnd = -1;   ///< The process ends before the rename after so many; -1: it does not.

void countRename()
{
    if (renamesUntilEnd == 0)
        ::_exit(7); // as a kill, without destructors
    if (renamesUntilEnd > 0)
        --renamesUntilEnd;
}

} // namespace

// In the place of the C library's, for this program: a network file system as far as renames go, and a fault in it.
extern "C" int rename(const char* from, const char* to) noexcept
{
    countRename();
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0U));
}

extern "C" int renameat2(int fromFolder, const char* from, int toFolder, const char* to, unsigned flags) noexcept
{
    if (flags != 0 && !exchangesNames) {
        errno = EINVAL;
        return -1;
    }
    countRename();
    return static_cast<int>(::syscall(SYS_renameat2, fromFolder, from, toFolder, to, flags));
}

using namespace nanodit;
using namespace nanodit::test;

namespace {

void replace(const std::filesystem::path& target, const std::string& text)
{
    AtomicFolder folder(target);
    writeText(folder.path() / "content", text);
    folder.commitReplacing();
}

std::vector<std::string> namesIn(const std::filesystem::path& folder)
{
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    return names;
}

} // namespace

/// A process that ends at any rename of a replacement leaves the old content or the new one under the name.
class TestFolderReplacement : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        exchangesNames = true;
        renamesUntilEnd = -1;
    }

    void losesNothingWhereverItsProcessEnds_data()
    {
        QTest::addColumn<bool>("exchanges");
        QTest::addColumn<int>("renames");
        QTest::addColumn<QString>("left");
        QTest::newRow("exchange, before it") << true << 0 << "old";
        QTest::newRow("no exchange, before the first rename") << false << 0 << "old";
        QTest::newRow("no exchange, between the two renames") << false << 1 << "old";
        QTest::newRow("no exchange, behind both") << false << 2 << "new";
    }
    void losesNothingWhereverItsProcessEnds()
    {
        QFETCH(bool, exchanges);
        QFETCH(int, renames);
        QFETCH(QString, left);
        const TemporaryFolder folder;
        const auto target = folder / "thing";
        replace(target, "old");
        const int code = inAnotherProcess([&] {
            exchangesNames = exchanges;
            renamesUntilEnd = renames;
            replace(target, "new");
            return 0;
        });
        QCOMPARE(code, left == "new" ? 0 : 7);
        removeAbandonedTemporaries(folder.path());
        QCOMPARE(QString::fromStdString(readTextFile(target / "content")), left);
        QCOMPARE(namesIn(folder.path()), std::vector<std::string>{"thing"});
    }

    void whatIsBeingReplacedByALivingProcessIsLeftAlone()
    {
        const TemporaryFolder folder;
        replace(folder / "thing", "old");
        // As it stands between the two renames.
        const auto aside = folder / ".nanodit-0123456789abcdef.old.thing";
        std::filesystem::rename(folder / "thing", aside);
        const int descriptor = ::open(aside.c_str(), O_RDONLY | O_DIRECTORY);
        QVERIFY(::flock(descriptor, LOCK_EX | LOCK_NB) == 0);
        removeAbandonedTemporaries(folder.path());
        QVERIFY(std::filesystem::exists(aside));
        ::close(descriptor);
        removeAbandonedTemporaries(folder.path());
        QCOMPARE(readTextFile(folder / "thing" / "content"), std::string("old"));
    }

    void aRemovalThatIsInterruptedLeavesNothingThatLooksWhole()
    {
        const TemporaryFolder folder;
        replace(folder / "thing", "old");
        const int code = inAnotherProcess([&] {
            renamesUntilEnd = 0;
            removeFolderAtOnce(folder / "thing");
            return 0;
        });
        QCOMPARE(code, 7);
        QVERIFY(std::filesystem::exists(folder / "thing" / "content"));
        // As a process leaves it that ends while it removes the files.
        std::filesystem::rename(folder / "thing", folder / ".nanodit-0123456789abcdef.tmp");
        removeAbandonedTemporaries(folder.path());
        QVERIFY(namesIn(folder.path()).empty());
    }
};

QTEST_APPLESS_MAIN(TestFolderReplacement)
#include "tst_folder_replacement.moc"
