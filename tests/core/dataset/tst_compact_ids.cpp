#include "core/dataset/compact_ids.h"

#include <QTest>

using namespace nanodit;

class CompactIdsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aSetTakesEachIdOnce()
    {
        IdSet ids;
        QVERIFY(!ids.contains("a"));
        for (int i = 0; i < 10'000; ++i)
            QVERIFY(ids.insert("picture-" + std::to_string(i)));
        for (int i = 0; i < 10'000; ++i) {
            QVERIFY(!ids.insert("picture-" + std::to_string(i)));
            QVERIFY(ids.contains("picture-" + std::to_string(i)));
            QVERIFY(!ids.contains("picture-" + std::to_string(i) + "-b"));
        }
        QCOMPARE(ids.size(), std::size_t(10'000));
        QVERIFY(!ids.contains("picture-"));
    }

    void idsOfOneHashAreHandedOutInTurn()
    {
        IdsByHash ids;
        QVERIFY(!ids.take("c0ffee"));
        for (const auto* const id : {"a", "b", "c"}) {
            ids.add("c0ffee", id);
            ids.add(std::string("of ") + id, std::string("other-") + id);
        }
        QCOMPARE(ids.take("c0ffee").value_or(""), std::string("a"));
        QCOMPARE(ids.take("of b").value_or(""), std::string("other-b"));
        QCOMPARE(ids.take("c0ffee").value_or(""), std::string("b"));
        QCOMPARE(ids.take("c0ffee").value_or(""), std::string("c"));
        QVERIFY(!ids.take("c0ffee"));
        QVERIFY(!ids.take("of b"));
        QVERIFY(!ids.take("of d"));
        QCOMPARE(ids.take("of a").value_or(""), std::string("other-a"));
    }
};

QTEST_APPLESS_MAIN(CompactIdsTest)
#include "tst_compact_ids.moc"
