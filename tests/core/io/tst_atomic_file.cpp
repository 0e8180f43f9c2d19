#include "core/io/atomic_file.h"
#include "core/io/mapped_file.h"
#include "core/runtime/error.h"
#include "tests/support/another_process.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace nanodit;
using nanodit::test::errorOf;
using nanodit::test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

std::int64_t entriesIn(const fs::path& folder)
{
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

} // namespace

class AtomicFileTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void appearsOnlyWhenCommitted()
    {
        const TemporaryFolder folder;
        const auto target = folder / "deep/er/a.txt";
        {
            AtomicFile file(target);
            file.write("half");
            QVERIFY(!fs::exists(target));
        }
        QVERIFY(!fs::exists(target));
        QCOMPARE(entriesIn(target.parent_path()), 0);

        writeFileAtomically(target, "whole");
        QCOMPARE(readTextFile(target), std::string("whole"));
        QCOMPARE(entriesIn(target.parent_path()), 1);
    }

    void followsTheUmask()
    {
        const TemporaryFolder folder;
        const auto before = umask(027);
        writeFileAtomically(folder / "a", "x");
        umask(before);
        QCOMPARE(static_cast<unsigned>(fs::status(folder / "a").permissions()), 0640u);
    }

    void fullDiskKeepsWhatWasThere()
    {
        const TemporaryFolder folder;
        writeFileAtomically(folder / "a", "precious");
        std::string message;
        {
            const test::FileSizeLimit limit(4096);
            message = errorOf([&] { writeFileAtomically(folder / "a", std::string(100000, 'x')); });
        }
        QVERIFY2(message.find((folder / "a").string()) != std::string::npos, message.c_str());
        QVERIFY2(message.find("allow larger files") != std::string::npos, message.c_str());
        QCOMPARE(readTextFile(folder / "a"), std::string("precious"));
        QCOMPARE(entriesIn(folder.path()), 1);
    }

    void folderAppearsWholeAndIsNotReplacedByAccident()
    {
        const TemporaryFolder folder;
        writeFolderAtomically(folder / "set", [&](const fs::path& path) {
            QVERIFY(!fs::exists(folder / "set"));
            writeFileAtomically(path / "inner/a", "1");
        });
        QCOMPARE(readTextFile(folder / "set/inner/a"), std::string("1"));
        const auto message = errorOf([&] { writeFolderAtomically(folder / "set", [](const fs::path&) {}); });
        QVERIFY2(message.find("exists already") != std::string::npos, message.c_str());
        QCOMPARE(readTextFile(folder / "set/inner/a"), std::string("1"));
        QCOMPARE(entriesIn(folder.path()), 1);
    }

    void folderWhoseFillingFailsLeavesNothing()
    {
        const TemporaryFolder folder;
        const auto fill = [](const fs::path& path) {
            writeFileAtomically(path / "a", "1");
            throw StoreError("no");
        };
        QCOMPARE(errorOf([&] { writeFolderAtomically(folder / "set", fill); }), std::string("no"));
        QCOMPARE(entriesIn(folder.path()), 0);
    }

    void folderReplacesAnOlderOneWhole()
    {
        const TemporaryFolder folder;
        writeFolderAtomically(folder / "set", [](const fs::path& path) { writeFileAtomically(path / "old", "1"); });
        AtomicFolder next(folder.path() / "set/");
        writeFileAtomically(next.path() / "new", "2");
        next.commitReplacing();
        QVERIFY(!fs::exists(folder / "set/old"));
        QCOMPARE(readTextFile(folder / "set/new"), std::string("2"));
        QCOMPARE(entriesIn(folder.path()), 1);
    }

    void cleansUpAfterTheDeadOnly()
    {
        const TemporaryFolder folder;
        const int killed = test::inAnotherProcess([&] {
            AtomicFile file(folder / "a");
            AtomicFolder tree(folder / "b");
            file.write("half");
            std::ofstream(tree.path() / "c") << "half" << std::flush;
            ::raise(SIGKILL);
        });
        QCOMPARE(killed, -SIGKILL);
        AtomicFile alive(folder / "alive");
        test::writeText(folder / ".nanodit-notes.txt", "the user's own");
        QCOMPARE(entriesIn(folder.path()), 4);

        removeAbandonedTemporaries(folder.path());
        QCOMPARE(entriesIn(folder.path()), 2);
        alive.commit();
        QVERIFY(fs::exists(folder / "alive"));
        QVERIFY(fs::exists(folder / ".nanodit-notes.txt"));
    }

    void mapsFilesAndRefusesWhatIsNone()
    {
        const TemporaryFolder folder;
        test::writeText(folder / "a", "abc");
        test::writeText(folder / "empty", "");
        QCOMPARE(MappedFile::open(folder / "a")->bytes().size(), 3u);
        QVERIFY(MappedFile::open(folder / "empty")->bytes().empty());
        QVERIFY(errorOf([&] { MappedFile::open(folder.path()); }).find("not a regular file") != std::string::npos);
        QVERIFY(errorOf([&] { MappedFile::open(folder / "none"); }).find((folder / "none").string()) !=
                std::string::npos);
        QVERIFY(errorOf([&] { readTextFile(folder / "none"); }).find((folder / "none").string()) != std::string::npos);
        QVERIFY(!errorOf([&] { readTextFile(folder.path()); }).empty());
        QCOMPARE(mkfifo((folder / "pipe").c_str(), 0600), 0);
        QVERIFY(errorOf([&] { MappedFile::open(folder / "pipe"); }).find("not a regular file") != std::string::npos);
        QVERIFY(readTextFile(folder / "pipe").empty()); // nobody writes to it
        fs::create_symlink("gone", folder / "link");
        const auto says = (folder / "link").string() + " is a link to gone, which does not exist: ";
        QVERIFY(errorOf([&] { MappedFile::open(folder / "link"); }).starts_with(says));
        QVERIFY(errorOf([&] { readTextFile(folder / "link"); }).starts_with(says));
    }

    void whatComesOutOfAPipeIsWaitedFor()
    {
        int ends[2];
        QCOMPARE(pipe(ends), 0);
        std::thread writer([out = ends[1]] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            static_cast<void>(write(out, "late", 4) == 4);
            close(out);
        });
        const auto text = readTextFile("/dev/fd/" + std::to_string(ends[0]));
        writer.join();
        close(ends[0]);
        QCOMPARE(text, std::string("late"));
    }
};

QTEST_APPLESS_MAIN(AtomicFileTest)
#include "tst_atomic_file.moc"
