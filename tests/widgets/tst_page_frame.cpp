#include "widgets/banner.h"
#include "widgets/page_frame.h"
#include "widgets/page_stack.h"
#include "widgets/state_panel.h"

#include <QLabel>
#include <QProgressBar>
#include <QScrollArea>
#include <QTest>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cstdlib>
#include <utility>

using namespace nanodit;

class TestPageFrame : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aMessageMovesNothingAndLiesWithinThePage()
    {
        PageFrame page("Page");
        auto* const content = new QLabel("content", &page);
        page.setContent(content);
        page.setInspector(new QLabel("inspector", &page));
        page.setDrawer(new QLabel("drawer", &page), 120);
        page.resize(1000, 600);
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        const auto placeOf = [&page](const QWidget* widget) {
            return QRect(widget->mapTo(&page, QPoint()), widget->size());
        };
        const auto before = placeOf(content);
        const QStringList messages = {"Short.", QString("A sentence that takes more than one line. ").repeated(6)};
        for (const auto& message : messages) {
            page.banner()->showFailure("Could not do it", message);
            QTest::qWait(20); // layouts
            QVERIFY(page.banner()->isVisible());
            QCOMPARE(placeOf(content), before);
            QVERIFY(page.rect().contains(placeOf(page.banner())));
            QVERIFY(page.banner()->height() >= page.banner()->fontMetrics().height());
            page.banner()->hide();
            QTest::qWait(20);
            QCOMPARE(placeOf(content), before);
        }
        QLabel* text = nullptr;
        for (auto* const label : page.banner()->findChildren<QLabel*>())
            text = label->wordWrap() ? label : text;
        QVERIFY(text != nullptr);
        page.banner()->showNotice("Done.");
        page.banner()->showNotice("Validated a model of a long name, with so many pictures in a folder of a long name "
                                  "that the message takes more than one line of the page.");
        QTRY_VERIFY_WITH_TIMEOUT(text->height() >= text->heightForWidth(text->width()), 60000);
        page.banner()->showNotice("Done.");
        page.resize(800, 500);
        QTest::qWait(20);
        QVERIFY(page.rect().contains(placeOf(page.banner())));
    }

    void aShorterSentenceOfAStateLeavesNoGap()
    {
        StatePanel panel;
        panel.resize(700, 500);
        panel.show();
        QVERIFY(QTest::qWaitForWindowExposed(&panel));
        panel.showEmpty("train", "Nothing yet",
                        "A sentence that takes so many words that it needs several lines of the "
                        "panel, one below the other, until it has said all that there is to say.");
        QTest::qWait(20); // layouts
        panel.showEmpty("train", "Nothing yet", "Short.");
        const auto labels = panel.findChildren<QLabel*>();
        const auto* const sentence =
            *std::ranges::find_if(labels, [](const QLabel* label) { return label->text() == "Short."; });
        QTRY_VERIFY_WITH_TIMEOUT(sentence->height() < 2 * sentence->fontMetrics().lineSpacing(), 60000);
    }

    void aStateShowsHowFarItsWorkIs()
    {
        StatePanel panel;
        panel.showWorking("Measuring");
        const auto* const bar = panel.findChild<QProgressBar*>();
        QCOMPARE(bar->maximum(), 0); // not known yet
        panel.setProgress(3, 4);
        QCOMPARE(4 * bar->value(), 3 * bar->maximum());
        panel.showWorking("Something else");
        QCOMPARE(bar->maximum(), 0);
    }

    void theContextIsReadAsItIsWritten()
    {
        PageFrame page("Page");
        page.setContext("/pictures/<b>bold</b>");
        const auto* const context = page.findChild<QLabel*>("pageContext");
        QCOMPARE(context->text(), QString("/pictures/<b>bold</b>"));
        QVERIFY2(context->toolTip().contains("&lt;b&gt;"), qPrintable(context->toolTip()));
        QCOMPARE(context->accessibleDescription(), QString("/pictures/<b>bold</b>"));
    }

    void aDrawerHasItsOwnHeightOrItsShareOfThePage()
    {
        const auto heights = [](PageFrame::DrawerHeight kind) {
            PageFrame page("Page");
            page.setContent(new QWidget(&page));
            page.setDrawer(new QWidget(&page), 240, kind);
            auto* const drawer = page.findChild<QFrame*>("drawer");
            page.show();
            std::pair<int, int> result;
            page.resize(1000, 773); // 720 for both
            QTest::qWait(20);
            result.first = drawer->height();
            page.resize(1000, 1133);
            QTest::qWait(20);
            result.second = drawer->height();
            return result;
        };
        const auto own = heights(PageFrame::DrawerHeight::Fixed);
        QCOMPARE(own.first, 240);
        QCOMPARE(own.second, 240);
        const auto shared = heights(PageFrame::DrawerHeight::WithPage);
        QVERIFY2(std::abs(shared.first - 240) <= 4, qPrintable(QString::number(shared.first)));
        QVERIFY2(std::abs(shared.second - 360) <= 8, qPrintable(QString::number(shared.second)));
    }

    void theInspectorFoldsWhereThereIsNoRoomForIt()
    {
        QScrollArea scroll;
        scroll.setWidgetResizable(true);
        auto* const stack = new PageStack;
        const auto addPage = [stack](int width) {
            auto* const page = new QWidget(stack);
            auto* const frame = new PageFrame("Page", page);
            auto* const content = new QLabel("content", frame);
            content->setMinimumWidth(width);
            frame->setContent(content);
            frame->setInspector(new QLabel("inspector", frame));
            auto* const column = new QVBoxLayout(page);
            column->setContentsMargins(0, 0, 0, 0);
            column->addWidget(frame);
            stack->addWidget(page);
            return frame;
        };
        auto* const page = addPage(500);
        addPage(3000); // is not shown, and needs nothing
        scroll.setWidget(stack);
        scroll.viewport()->installEventFilter(stack);
        scroll.resize(1200, 500);
        scroll.show();
        QVERIFY(QTest::qWaitForWindowExposed(&scroll));
        const auto* const inspector = page->findChild<QFrame*>("inspector");
        QTRY_VERIFY_WITH_TIMEOUT(inspector->isVisible(), 60000);
        QTRY_COMPARE_WITH_TIMEOUT(stack->width(), scroll.viewport()->width(), 60000); // nothing scrolls
        scroll.resize(700, 500);
        QTRY_VERIFY_WITH_TIMEOUT(!inspector->isVisible(), 60000);
        QTRY_COMPARE_WITH_TIMEOUT(stack->width(), scroll.viewport()->width(), 60000);
        scroll.resize(1200, 500);
        QTRY_VERIFY_WITH_TIMEOUT(inspector->isVisible(), 60000);
        scroll.resize(700, 500);
        QTRY_VERIFY_WITH_TIMEOUT(!inspector->isVisible(), 60000);
        for (auto* const button : page->findChildren<QToolButton*>()) {
            if (button->accessibleName().contains("inspector"))
                button->click();
        }
        QVERIFY(inspector->isVisible());
        scroll.resize(690, 500); // it stays, and the page scrolls
        QTest::qWait(20);
        QVERIFY(inspector->isVisible());
    }
};

QTEST_MAIN(TestPageFrame)
#include "tst_page_frame.moc"
