#include "core/dataset/record.h"
#include "core/io/utf8.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <set>

using namespace nanodit;

class TestRecord : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void captionsAreOneLineWithoutInvisibleEnds()
    {
        QCOMPARE(tidyCaption(" a\r\nred\rcar\n"), std::string("a red car"));
        QCOMPARE(tidyCaption("\xEF\xBB\xBF\xc2\xa0 a car\xe2\x80\x8b\xe3\x80\x80"), std::string("a car"));
        QCOMPARE(tidyCaption(std::string("a\0 car\0\0", 8)), std::string("a car"));
        QCOMPARE(tidyCaption("\xc2\xa0\t\xe2\x80\x8b"), std::string());
        QCOMPARE(tidyCaption("\xe2\x81\xa0\xe2\x80\x8e\xc2\xad\xe3\x85\xa4"), std::string());
        QCOMPARE(tidyCaption("a\xc2\x85red\xe2\x80\xa8"
                             "car\xe2\x80\xa9"),
                 std::string("a red car"));
        QCOMPARE(tidyCaption("a\x1b[0m\x07\tcar\x7f\fred"), std::string("a[0m\tcar red"));
    }

    void plainPathsGiveReadableIds()
    {
        QCOMPARE(idFromPath("cat.jpg"), std::string("cat"));
        QCOMPARE(idFromPath("cats/tabby-2_b.png"), std::string("cats__tabby-2_b"));
    }

    void idsAreSafeAndDiffer()
    {
        const std::string manyX(199, 'x'); // g++ 12 gives a false warning for temporaries of it in the list
        const std::vector<std::string> paths = {"a.b.jpg",
                                                "a_b.jpg",
                                                "a b.jpg",
                                                "a__b.jpg",
                                                "a/b.jpg",
                                                "a.b.c.jpg",
                                                "\xE5\x9B\xBE\xE7\x89\x87.jpg",
                                                "\xE5\x9B\xBE\xE5\xBD\xA2.jpg",
                                                "-x.jpg",
                                                "_x.jpg",
                                                "..a.jpg",
                                                "A_B.jpg",
                                                "a/b.c/d.jpg",
                                                "a/b_c/d.jpg",
                                                manyX + "x.jpg",
                                                manyX + "y.jpg",
                                                "a%b.jpg",
                                                "a\nb.jpg"};
        std::set<std::string> ids;
        for (const auto& path : paths) {
            const auto id = idFromPath(path);
            QVERIFY2(isSafeId(id), id.c_str());
            QVERIFY2(ids.insert(id).second, path.c_str());
            QCOMPARE(id, idFromPath(path)); // the same each time
        }
    }

    void otherAttemptsGiveOtherIds()
    {
        std::set<std::string> ids;
        for (int attempt = 0; attempt < 50; ++attempt)
            QVERIFY(isSafeId(idFromPath("x.png", attempt)) && ids.insert(idFromPath("x.png", attempt)).second);
    }

    void givenIdsAreKeptWhenTheyAreSafe()
    {
        QCOMPARE(idFromName("sample-0001"), std::string("sample-0001"));
        QCOMPARE(idFromName("a__b"), std::string("a__b"));
        QVERIFY(isSafeId(idFromName("a.b/c")));
        QVERIFY(idFromName("a.b/c") != idFromName("a_b/c"));
        for (const char* unsafe : {"", ".", "..", "a.b", "a/b", "-a", "a b", "\xC3\xA4"})
            QVERIFY2(!isSafeId(unsafe), unsafe);
    }

    void splitIsStableAndOfAboutTheAskedShare()
    {
        int validation = 0;
        for (int i = 0; i < 10000; ++i) {
            const auto id = "record-" + std::to_string(i);
            QCOMPARE(splitOf(id, 0.05), splitOf(id, 0.05));
            validation += splitOf(id, 0.05) == "val";
            // A larger share takes more, and never puts back what was set aside.
            if (splitOf(id, 0.05) == "val")
                QCOMPARE(splitOf(id, 0.2), std::string("val"));
        }
        QVERIFY2(validation > 400 && validation < 600, std::to_string(validation).c_str());
        QCOMPARE(splitOf("anything", 0), std::string("train"));
        QCOMPARE(splitOf("anything", 1), std::string("val"));
    }

    void utf8IsToldFromOtherBytes()
    {
        for (const char* good : {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x8E\xA8"})
            QVERIFY(isUtf8(good));
        for (const char* bad :
             {"\xE4", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80", "\xE2\x82", "\xE0\x80\x80"})
            QVERIFY(!isUtf8(bad));
    }

    void givenBucketHoldsAsLongAsTheTableHasIt()
    {
        Record record;
        record.original = {1000, 1000};
        record.bucket = {1216, 832};
        record.bucketGiven = true;
        QVERIFY((bucketOf(record, defaultBuckets()) == ImageSize{1216, 832}));
        const std::vector<ImageSize> others = {{64, 64}, {128, 64}};
        QVERIFY((bucketOf(record, others) == ImageSize{64, 64}));
    }

    void stampNoticesAChange()
    {
        const test::TemporaryFolder folder;
        QVERIFY(!stampOf(folder / "nothing"));
        QVERIFY(!stampOf(folder.path()));
        test::writeText(folder / "file", "one");
        const auto before = stampOf(folder / "file");
        QVERIFY(before == stampOf(folder / "file"));
        test::writeText(folder / "file", "longer");
        QVERIFY(before != stampOf(folder / "file"));
    }
};

QTEST_APPLESS_MAIN(TestRecord)
#include "tst_record.moc"
