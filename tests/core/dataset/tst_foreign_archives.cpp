#include "core/dataset/catalog.h"
#include "core/io/utf8.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>

#include <set>

using namespace nanodit;
using test::contains;
using test::ImportFixture;
using test::passedBy;
using test::reasonFor;
using test::tarNamed;
namespace fs = std::filesystem;

/// Tars as other programs pack them.
class TestForeignArchives : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void namesInTarsMayHaveDots()
    {
        const ImportFixture f;
        f.text("set.tar", tarNamed({"plain.png", "plain.txt", "DSC.0001.png", "DSC.0001.txt", "22.05.png", "a.b.c.png",
                                    "a.b.c.txt", "f.png", "f.seg.png", "f.caption.txt", "x.cls"}));
        const auto report = f.import();
        QCOMPARE(report.added, 5);
        std::set<std::string> captions;
        for (const auto& record : Catalog::open(f.workspace).records())
            captions.insert(record.caption);
        QVERIFY((captions == std::set<std::string>{"", "plain.txt", "DSC.0001.txt", "a.b.c.txt", "f.caption.txt"}));
        QCOMPARE(passedBy(report, "further pictures of samples that have one"), 1);
        QCOMPARE(passedBy(report, ".cls members of archives"), 1);
        const auto again = f.import();
        QCOMPARE(again.unchanged, 5);
        QCOMPARE(again.found(), report.found());
    }

    void compressedTarsAreRead()
    {
        for (const auto* name : {"a.tar.gz", "b.tgz", "c.tar", "d.tar"}) {
            const ImportFixture f;
            fs::copy_file(test::dataPath("tars") / name, f.source / name);
            const auto report = f.import();
            QVERIFY2(report.added == 1 && report.rejects.empty(), name);
            QVERIFY(fs::exists(Catalog::open(f.workspace).records().front().image));
        }
        const ImportFixture f;
        fs::copy_file(test::dataPath("tars/d.tar"), f.source / "e.TAR");
        f.text("empty.tar", "");
        f.text("zeros.tar", std::string(10240, '\0'));
        f.text("page.tar", "<!DOCTYPE html><p>404");
        const auto report = f.import();
        QCOMPARE(report.added, 1);
        QVERIFY(contains(reasonFor(report, "empty.tar"), "empty"));
        QVERIFY(contains(reasonFor(report, "zeros.tar"), "empty"));
        QVERIFY(contains(reasonFor(report, "page.tar"), "web page"));
    }

    void tarsBehindOneAnotherAreReadAsOne()
    {
        const ImportFixture f;
        f.text("both.tar", tarNamed({"a.png"}) + tarNamed({"b.png", "c.png"}));
        const auto report = f.import();
        QCOMPARE(report.added, 3);
        QVERIFY(report.rejects.empty());
    }

    void membersWhoseNamesAreNotUtf8CostThemselvesOnly()
    {
        const ImportFixture f;
        for (const auto* name : {"latin1.tar", "pax.tar"})
            fs::copy_file(test::dataPath("tars") / name, f.source / name);
        const auto report = f.import();
        QCOMPARE(report.added, 7); // ok, z; good, with/dir/x, the Japanese one, UPPER, yyy...
        QVERIFY(contains(reasonFor(report, "latin1.tar: caf"), "UTF-8"));
        QVERIFY(contains(reasonFor(report, "lost"), "no picture"));
        for (const auto& reject : report.rejects)
            QVERIFY(isUtf8(reject.what) && isUtf8(reject.reason));
        const auto again = f.import();
        QCOMPARE(again.unchanged, 7);
        QCOMPARE(again.rejects.size(), report.rejects.size());
    }
};

QTEST_APPLESS_MAIN(TestForeignArchives)
#include "tst_foreign_archives.moc"
