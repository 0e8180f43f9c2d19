#include "core/dataset/catalog.h"
#include "core/dataset/sqlite.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"
#include "tests/support/another_process.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <csignal>
#include <thread>
#include <unistd.h>
#include <utility>

using namespace nanodit;

namespace {

Workspace workspaceIn(const test::TemporaryFolder& folder)
{
    return Workspace::create(folder / "workspace", {});
}

Record recordNamed(const Workspace& workspace, const std::string& id)
{
    Record record;
    record.id = id;
    record.image = workspace.root / "data/images" / (id + ".jpg");
    record.caption = "a caption of " + id;
    record.original = {1200, 800};
    record.bucket = {1216, 832};
    record.imageHash = std::string(64, 'a');
    record.imageStamp = {.bytes = 12, .modifiedNanoseconds = 34};
    return record;
}

Provenance someProvenance(const std::string& source)
{
    Provenance provenance;
    provenance.inputs = {.source = source, .bucket = "1216x832", .parameters = "v1", .encoder = "e"};
    provenance.fingerprint = provenance.inputs.fingerprint();
    provenance.madeAt = utcNow();
    provenance.dtype = DType::F16;
    provenance.shape = {3, 4};
    return provenance;
}

} // namespace

class TestCatalog : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void recordsComeBackAsTheyWerePut()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        auto record = recordNamed(workspace, "b");
        record.caption = "quotes ' \" and \xE2\x82\xAC";
        record.extra = R"({"source":"a camera"})";
        auto elsewhere = recordNamed(workspace, "a");
        elsewhere.image = "/far/away/picture?.jpg";
        {
            auto catalog = Catalog::open(workspace);
            catalog.put(record);
            catalog.put(elsewhere);
        }
        const auto catalog = Catalog::open(workspace);
        QCOMPARE(catalog.recordCount(), 2);
        QVERIFY((catalog.records() == std::vector{elsewhere, record}));
        QVERIFY(catalog.find("b") == record);
        QVERIFY(!catalog.find("c"));
        QVERIFY(catalog.findByImage(record.image) == record);
        QVERIFY(catalog.findByImage(elsewhere.image) == elsewhere);
    }

    void putImageLeavesTheCaptionAlone()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        auto catalog = Catalog::open(workspace);
        auto record = recordNamed(workspace, "a");
        catalog.put(record);
        auto edited = record;
        edited.caption = "edited meanwhile";
        catalog.put(edited);
        record.imageHash = std::string(64, 'b');
        record.imageStamp.bytes = 99;
        catalog.putImage(record);
        edited.imageHash = record.imageHash;
        edited.imageStamp = record.imageStamp;
        QVERIFY(catalog.find("a") == edited);
    }

    void workspaceCanBeMoved()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        Catalog::open(workspace).put(recordNamed(workspace, "a"));
        std::filesystem::rename(workspace.root, folder / "moved");
        const auto moved = Workspace::open(folder / "moved");
        QCOMPARE(Catalog::open(moved).find("a")->image, moved.root / "data/images/a.jpg");
    }

    void bucketsFollowTheWorkspacesTable()
    {
        const test::TemporaryFolder folder;
        auto workspace = workspaceIn(folder);
        Catalog::open(workspace).put(recordNamed(workspace, "a"));
        workspace.config.buckets = {{96, 64}, {64, 64}};
        QVERIFY((Catalog::open(workspace).find("a")->bucket == ImageSize{96, 64}));
    }

    void provenanceComesBack()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        auto catalog = Catalog::open(workspace);
        catalog.put(recordNamed(workspace, "a"));
        const auto made = someProvenance("one");
        catalog.recordMade("a", ArrayKind::Vae, made);
        QVERIFY(catalog.provenances(ArrayKind::T5).empty());
        const auto found = catalog.provenances(ArrayKind::Vae).at("a");
        QVERIFY(found.inputs == made.inputs);
        QCOMPARE(found.fingerprint, made.fingerprint);
        QCOMPARE(found.shape, made.shape);
        QVERIFY(found.dtype == DType::F16 && !found.adopted && !found.unfinished());

        catalog.beginMaking("a", ArrayKind::Vae);
        QVERIFY(catalog.provenances(ArrayKind::Vae).at("a").unfinished());
    }

    void fingerprintDependsOnEveryPart()
    {
        const ArrayInputs base{.source = "s", .bucket = "b", .parameters = "p", .encoder = "e"};
        QVERIFY(ArrayInputs::fromJson(base.toJson()) == base);
        for (const auto& [member, word] :
             {std::pair(&ArrayInputs::source, "picture"), std::pair(&ArrayInputs::bucket, "bucket"),
              std::pair(&ArrayInputs::parameters, "settings"), std::pair(&ArrayInputs::encoder, "encoder")}) {
            auto other = base;
            other.*member += "x";
            QVERIFY(other.fingerprint() != base.fingerprint());
            const auto changes = changesBetween(base, other, ArrayKind::Vae);
            QCOMPARE(changes.size(), 1U);
            QVERIFY(inWords(changes.front()).find(word) != std::string::npos);
        }
    }

    void changesTogetherAreWholeOrNotAtAll()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        auto catalog = Catalog::open(workspace);
        const auto message = test::errorOf([&] {
            catalog.together([&] {
                catalog.put(recordNamed(workspace, "a"));
                throw DataError("interrupted");
            });
        });
        QCOMPARE(message, std::string("interrupted"));
        QCOMPARE(catalog.recordCount(), 0);
        catalog.together([&] { catalog.put(recordNamed(workspace, "b")); });
        QCOMPARE(catalog.recordCount(), 1);
    }

    void failuresAreKeptUntilTheyAreMended()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        auto catalog = Catalog::open(workspace);
        catalog.put(recordNamed(workspace, "a"));
        catalog.recordFailure("a", Pass::Vae, "the picture is truncated");
        QCOMPARE(catalog.failures(Pass::Vae).at("a"), std::string("the picture is truncated"));
        QVERIFY(catalog.failures(Pass::T5).empty());
        catalog.recordFailure("a", Pass::Vae, "");
        QVERIFY(catalog.failures(Pass::Vae).empty());
    }

    void severalThreadsWriteAtOnce()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        Catalog::open(workspace);
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&workspace, t] {
                auto catalog = Catalog::open(workspace);
                for (int i = 0; i < 20; ++i)
                    catalog.put(recordNamed(workspace, std::to_string(t) + "-" + std::to_string(i)));
            });
        }
        threads.clear();
        QCOMPARE(Catalog::open(workspace).recordCount(), 80);
    }

    void whatWasCommittedSurvivesAKill()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        int told[2];
        QCOMPARE(::pipe(told), 0);
        const auto child = test::startProcess([&] {
            auto catalog = Catalog::open(workspace);
            for (int i = 0;; ++i) {
                catalog.together([&] {
                    catalog.put(recordNamed(workspace, "first-" + std::to_string(i)));
                    catalog.put(recordNamed(workspace, "second-" + std::to_string(i)));
                });
                if (::write(told[1], "x", 1) != 1)
                    return;
            }
        });
        char mark = 0;
        for (int i = 0; i < 5; ++i)
            QCOMPARE(::read(told[0], &mark, 1), 1);
        ::kill(child, SIGKILL);
        QCOMPARE(test::endOf(child), -SIGKILL);
        ::close(told[0]);
        ::close(told[1]);
        const auto catalog = Catalog::open(workspace);
        QVERIFY(catalog.recordCount() >= 10 && catalog.recordCount() % 2 == 0);
        for (int i = 0; i < 5; ++i)
            QVERIFY(catalog.find("first-" + std::to_string(i)) && catalog.find("second-" + std::to_string(i)));
    }

    void damagedCatalogIsNamed()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        std::filesystem::create_directories(workspace.root / "data");
        test::writeText(workspace.catalogFile(), std::string(4096, 'n'));
        const auto message = test::errorOf([&] { Catalog::open(workspace); });
        QVERIFY2(message.find("catalog.sqlite") != std::string::npos && message.find("damaged") != std::string::npos,
                 message.c_str());
    }

    void newerCatalogIsRefused()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        Catalog::open(workspace);
        sqlite::Database(workspace.catalogFile(), sqlite::Access::Shared).execute("PRAGMA user_version = 999");
        const auto message = test::errorOf([&] { Catalog::open(workspace); });
        QVERIFY2(message.find("999") != std::string::npos, message.c_str());
    }

    /// As another user, whom the folder's permissions hold back (they hold nobody back who is root).
    void readOnlyFolderIsReadAndNotWritten()
    {
        const test::TemporaryFolder folder;
        const auto workspace = workspaceIn(folder);
        Catalog::open(workspace).put(recordNamed(workspace, "a"));
        namespace fs = std::filesystem;
        fs::permissions(workspace.root / "data", fs::perms::owner_read | fs::perms::owner_exec |
                                                     fs::perms::others_read | fs::perms::others_exec);
        fs::permissions(folder.path(), fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
        const int code = test::inAnotherProcess([&] {
            if (!test::becomeNobody())
                return 10;
            auto catalog = Catalog::open(workspace);
            if (!catalog.readOnly() || catalog.recordCount() != 1 || !catalog.find("a"))
                return 11;
            const auto message = test::errorOf([&] { catalog.put(recordNamed(workspace, "b")); });
            return message.find("cannot be written to") != std::string::npos ? 0 : 12;
        });
        fs::permissions(workspace.root / "data", fs::perms::owner_all);
        QCOMPARE(code, 0);
    }
};

QTEST_APPLESS_MAIN(TestCatalog)
#include "tst_catalog.moc"
