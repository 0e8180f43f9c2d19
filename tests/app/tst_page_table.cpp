#include "app/page_table.h"
#include "app/shortcuts.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QFile>
#include <QSet>
#include <QtTest>

using namespace nanodit;

class TestPageTable : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { const Theme theme(*qApp); } // with it come the drawings

    void everyPageIsDescribedOnce()
    {
        QSet<QString> words, names;
        QSet<int> keys;
        int place = 0;
        for (const auto& info : pageTable()) {
            QCOMPARE(static_cast<int>(info.page), place++);
            QCOMPARE(&pageInfo(info.page), &info);
            QCOMPARE(pageFromWord(info.word), std::optional(info.page));
            words << info.word;
            names << pageName(info.page);
            keys << info.key;
            const auto icon = QStringLiteral(":/nanodit/icons/%1.svg").arg(QLatin1String(info.icon));
            QVERIFY2(QFile::exists(icon), qPrintable(icon));
            QVERIFY2(!info.help.empty(), info.word);
        }
        QCOMPARE(place, static_cast<int>(Page::Runs) + 1);
        QCOMPARE(words.size(), place);
        QCOMPARE(names.size(), place);
        QCOMPARE(keys.size(), place);
        QVERIFY(!pageFromWord(QStringLiteral("welcome")));
    }

    void theListOfShortcutsHasThePageAndItsKeys()
    {
        QVERIFY(!shortcutsAsHtml({}).contains("<b>Train</b>"));
        for (const auto& info : pageTable()) {
            const auto html = shortcutsAsHtml(info.page); // one page at a time, so that it fits on any screen
            QVERIFY2(html.contains("Ctrl+1 to 6"), qPrintable(html));
            QCOMPARE(html.count("<b>"), 2);
            QVERIFY2(html.contains(QStringLiteral("<b>%1</b>").arg(pageName(info.page))), info.word);
            for (const auto& key : info.help) {
                QVERIFY2(html.contains(QString::fromUtf8(key.keys)), key.keys);
                QVERIFY2(html.contains(QString::fromUtf8(key.meaning)), key.meaning);
            }
        }
    }
};

QTEST_MAIN(TestPageTable)
#include "tst_page_table.moc"
