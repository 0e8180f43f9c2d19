#include "widgets/banner.h"
#include "widgets/page_frame.h"

#include <QLabel>
#include <QTest>

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
        page.banner()->showNotice("Done.");
        page.resize(800, 500);
        QTest::qWait(20);
        QVERIFY(page.rect().contains(placeOf(page.banner())));
    }
};

QTEST_MAIN(TestPageFrame)
#include "tst_page_frame.moc"
