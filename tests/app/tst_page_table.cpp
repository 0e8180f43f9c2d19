#include "app/about.h"
#include "app/compute_setting.h"
#include "app/page_table.h"
#include "app/shortcuts.h"
#include "widgets/commands.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QFile>
#include <QSet>
#include <QTest>
#include <QWidget>

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
        }
        QCOMPARE(place, static_cast<int>(Page::Runs) + 1);
        QCOMPARE(words.size(), place);
        QCOMPARE(names.size(), place);
        QCOMPARE(keys.size(), place);
        QVERIFY(!pageFromWord(QStringLiteral("welcome")));
    }

    void theListOfShortcutsHasThePageAndItsKeys()
    {
        QWidget window, page;
        Commands ofWindow(&window), ofPage(&page);
        ofWindow.add(Qt::Key_F10, "open the menu", [] {});
        ofPage.add(Qt::Key_R, "a new & random seed", [] {});
        const auto alone = shortcutsAsHtml(ofWindow, nullptr, {});
        QVERIFY2(alone.contains("F10") && alone.contains("open the menu") && alone.count("<b>") == 1,
                 qPrintable(alone));
        const auto html =
            shortcutsAsHtml(ofWindow, &page, "Sample"); // one page at a time, so that it fits on any screen
        QVERIFY2(html.contains("<b>Sample</b>") && html.count("<b>") == 2, qPrintable(html));
        QVERIFY2(html.indexOf("a new &amp; random seed") < html.indexOf("open the menu"), qPrintable(html));
    }

    void theProgramSaysWhichItIsAndWhatComputes()
    {
        QCoreApplication::setApplicationVersion("1.2.3");
        const ComputeState compute{.info = {.description = "LibTorch <of Debian>", .warning = {}},
                                   .chosen = {.text = "CPU, 2 threads", .problem = {}, .unused = {}},
                                   .devices = {}};
        const auto html = aboutAsHtml(compute);
        QVERIFY2(html.contains("NanoDiT Workbench 1.2.3") && html.contains("LibTorch &lt;of Debian&gt;") &&
                     html.contains("CPU, 2 threads") && html.contains(QStringLiteral("Qt ") + qVersion()),
                 qPrintable(html));
        QVERIFY(!aboutAsHtml({}).contains("Device")); // not known yet
    }
};

QTEST_MAIN(TestPageTable)
#include "tst_page_table.moc"
