#include "tests/support/active_window.h"
#include "widgets/page_frame.h"
#include "widgets/tab_order.h"

#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QSplitter>
#include <QTabBar>
#include <QTabWidget>
#include <QTest>
#include <QVBoxLayout>

using namespace nanodit;

class TestTabOrder : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void followsTheEyeAndNotTheOrderOfMaking()
    {
        QWidget page;
        // Made from the last to the first.
        auto* const drawer = named(new QLineEdit(&page), "drawer");
        auto* const tabs = named(new QTabWidget(&page), "tabs");
        auto* const shown = named(new QSpinBox, "shown");
        auto* const unseen = named(new QLineEdit, "unseen");
        auto* const off = named(new QLineEdit(&page), "off");
        auto* const area = named(new QScrollArea(&page), "area");
        auto* const scrolled = named(new QLineEdit, "scrolled");
        auto* const first = named(new QLineEdit(&page), "first");
        off->setEnabled(false);
        tabs->addTab(shown, "a");
        tabs->addTab(unseen, "b");
        area->setWidget(scrolled);
        tabs->tabBar()->setObjectName("bar");
        auto* const sides = new QSplitter(&page);
        sides->addWidget(area);
        sides->addWidget(tabs);
        auto* const column = new QVBoxLayout(&page);
        column->addWidget(first);
        column->addWidget(off);
        column->addWidget(sides);
        column->addWidget(drawer);
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        QCOMPARE(names(inTabOrder(page)), QStringList({"first", "scrolled", "bar", "shown", "drawer"}));
    }

    void thePrimaryButtonOfAPageComesFirst()
    {
        PageFrame page("Page");
        page.addAction("Export", "save", "Export")->setObjectName("export");
        page.addAction("Start", "play", "Start", true)->setObjectName("start");
        page.setInspector(named(new QLineEdit, "inspector"));
        page.setContent(named(new QLineEdit, "content"));
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        auto order = names(inTabOrder(page));
        QCOMPARE(order.mid(0, 2), QStringList({"start", "export"}));
        QVERIFY(order.indexOf("content") < order.indexOf("inspector"));
    }

    void goesRoundAndSurvivesWhatIsHidden()
    {
        QWidget page;
        auto* const column = new QVBoxLayout(&page);
        QLineEdit* fields[3] = {};
        for (auto*& field : fields) {
            field = new QLineEdit(&page);
            column->addWidget(field);
        }
        page.show();
        QVERIFY(test::activate(page));
        fields[2]->setFocus();
        QVERIFY(moveFocus(inTabOrder(page), true));
        QVERIFY(QApplication::focusWidget() == fields[0]);
        QVERIFY(moveFocus(inTabOrder(page), false));
        QVERIFY(QApplication::focusWidget() == fields[2]);
        fields[0]->setFocus();
        fields[1]->setEnabled(false);
        QVERIFY(moveFocus(inTabOrder(page), true));
        QVERIFY(QApplication::focusWidget() == fields[2]);
        QVERIFY(!moveFocus({}, true));
    }

private:
    template<typename Widget>
    static Widget* named(Widget* widget, const char* name)
    {
        widget->setObjectName(QLatin1String(name));
        return widget;
    }
    static QStringList names(const std::vector<QWidget*>& order)
    {
        QStringList list;
        for (const auto* const widget : order)
            list << widget->objectName();
        return list;
    }
};

QTEST_MAIN(TestTabOrder)
#include "tst_tab_order.moc"
