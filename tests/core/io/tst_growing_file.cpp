#include "core/io/atomic_file.h"
#include "core/io/growing_file.h"
#include "core/runtime/error.h"
#include "tests/support/contains.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <filesystem>
#include <string>

using namespace nanodit;
using namespace nanodit::test;

class TestGrowingFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void goesOnAtItsEnd()
    {
        const TemporaryFolder folder;
        const auto path = folder / "lines";
        GrowingFile(path).append("one\n");
        GrowingFile file(path);
        QCOMPARE(readTextFile(path), std::string("one\n"));
        file.append("two\n");
        file.append("");
        QCOMPARE(readTextFile(path), std::string("one\ntwo\n"));
        QVERIFY(file.path() == path);
    }

    void nothingFollowsABeginning()
    {
        const TemporaryFolder folder;
        GrowingFile file(folder / "lines");
        file.append("one\n");
        std::string message;
        {
            const FileSizeLimit limit(6);
            message = errorOf([&] { file.append("two\n"); });
        }
        QVERIFY2(contains(message, (folder / "lines").string()), message.c_str());
        QVERIFY2(contains(message, "allow larger files"), message.c_str());
        QVERIFY2(message.ends_with("and resume the run"), message.c_str());
        QVERIFY_EXCEPTION_THROWN(file.append("three\n"), StoreError);
        QCOMPARE(readTextFile(folder / "lines"), std::string("one\ntw"));
    }

    void aFullDiskIsToldWithWhatToDo()
    {
        if (!std::filesystem::exists("/dev/full"))
            QSKIP("the system has no /dev/full");
        const auto message = errorOf([] { GrowingFile("/dev/full").append("line\n"); });
        QVERIFY2(contains(message, "cannot write /dev/full"), message.c_str());
        QVERIFY2(message.ends_with("; free some space and resume the run"), message.c_str());
    }

    void aFolderThatIsNotThereIsAnError()
    {
        const TemporaryFolder folder;
        QVERIFY_EXCEPTION_THROWN(GrowingFile(folder / "missing/lines"), StoreError);
    }
};

QTEST_APPLESS_MAIN(TestGrowingFile)
#include "tst_growing_file.moc"
