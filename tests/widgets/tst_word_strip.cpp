#include "widgets/word_strip.h"

#include <QTest>

using namespace nanodit;

/// The words of a caption as a screen reader is told of them.
class TestWordStrip : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsStruckOutAndMarkedIsSaidByWord()
    {
        WordStrip strip;
        QCOMPARE(strip.accessibleName(), QStringLiteral("Words of the caption"));
        strip.setErased({0}); // there are no words yet
        QCOMPARE(strip.accessibleDescription(), QString());
        strip.setWords({"a", "red", "fox"});
        QCOMPARE(strip.accessibleDescription(), QString());
        strip.setErased({1, 3});
        QCOMPARE(strip.accessibleDescription(), QStringLiteral("word 2, red: struck out\nCLS: struck out"));
        strip.setMarks({{}, "a sink in 3 heads", {}, {}});
        QCOMPARE(strip.accessibleDescription(),
                 QStringLiteral("word 2, red: struck out; a sink in 3 heads\nCLS: struck out"));
        strip.setErased({});
        QCOMPARE(strip.accessibleDescription(), QStringLiteral("word 2, red: a sink in 3 heads"));
        strip.setMarks({});
        QCOMPARE(strip.accessibleDescription(), QString());
        strip.setErased({2});
        strip.setWords({"a", "dog"}); // nothing stays of the words before
        QCOMPARE(strip.accessibleDescription(), QString());
    }
};

QTEST_MAIN(TestWordStrip)
#include "tst_word_strip.moc"
