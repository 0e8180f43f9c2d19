#include "tests/support/active_window.h"
#include "widgets/matrix_view.h"
#include "widgets/small_multiples.h"
#include "widgets/word_strip.h"

#include <QAccessible>
#include <QApplication>
#include <QImage>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

using namespace nanodit;

namespace {

using Part = std::optional<std::int64_t>;

QString spokenName(QWidget& widget, int cell)
{
    return QAccessible::queryAccessibleInterface(&widget)->child(cell)->text(QAccessible::Name);
}

QString spokenValue(QWidget& widget, int cell)
{
    return QAccessible::queryAccessibleInterface(&widget)->child(cell)->text(QAccessible::Value);
}

} // namespace

/// Words, matrices and small maps without a mouse, and as a screen reader is told of them.
class TestChoosableCells : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void wordsAreGoneThroughAndChosen()
    {
        WordStrip strip;
        strip.resize(400, 300);
        strip.show();
        QVERIFY(QTest::qWaitForWindowExposed(&strip));
        QCOMPARE(strip.focusPolicy(), Qt::StrongFocus);
        QSignalSpy word(&strip, &WordStrip::wordChosen), cls(&strip, &WordStrip::clsChosen);
        strip.setFocus();
        QTest::keyClick(&strip, Qt::Key_Return); // there are no words yet
        QCOMPARE(word.count() + cls.count(), 0);
        strip.setWords({"a", "red", "fox"});
        QCOMPARE(strip.currentCell(), 3); // CLS stands first
        QTest::keyClick(&strip, Qt::Key_Space);
        QCOMPARE(cls.count(), 1);
        QTest::keyClick(&strip, Qt::Key_Right);
        QTest::keyClick(&strip, Qt::Key_Right);
        QCOMPARE(word.count(), 0); // only gone to
        QTest::keyClick(&strip, Qt::Key_Return);
        QCOMPARE(word.takeFirst().value(0).toInt(), 1);
        QTest::keyClick(&strip, Qt::Key_End);
        QTest::keyClick(&strip, Qt::Key_Right); // there is none behind it
        QTest::keyClick(&strip, Qt::Key_Enter);
        QCOMPARE(word.takeFirst().value(0).toInt(), 2);
        QTest::keyClick(&strip, Qt::Key_Up);
        QCOMPARE(strip.currentCell(), 3);
        QTest::keyClick(&strip, Qt::Key_Down);
        QCOMPARE(strip.currentCell(), 0); // the nearest below CLS
        QTest::keyClick(&strip, Qt::Key_Home);
        QTest::keyClick(&strip, Qt::Key_Left);
        QTest::keyClick(&strip, Qt::Key_Space);
        QCOMPARE(cls.count(), 2);
        QTest::mouseClick(&strip, Qt::LeftButton, {}, strip.wordRect(1).center().toPoint()); // and the keys go on there
        QCOMPARE(strip.currentCell(), 1);
        strip.setWords({"dog"});
        QCOMPARE(strip.currentCell(), 1); // CLS again
    }

    void theRingShowsWhereTheKeysAre()
    {
        QWidget window;
        window.resize(400, 300);
        QPushButton other(&window);
        WordStrip strip(&window);
        strip.setGeometry(0, 40, 400, 260);
        strip.setWords({"a", "red", "fox"});
        window.show();
        QVERIFY(test::activate(window) && QTest::qWaitForWindowActive(&window));
        other.setFocus();
        QTRY_VERIFY_WITH_TIMEOUT(other.hasFocus(), 60000);
        const auto without = strip.grab().toImage();
        strip.setFocus();
        QTRY_VERIFY_WITH_TIMEOUT(strip.hasFocus(), 60000);
        const auto first = strip.grab().toImage();
        QVERIFY(first != without);
        QTest::keyClick(&strip, Qt::Key_End);
        QVERIFY(strip.grab().toImage() != first);
        other.setFocus();
        QCOMPARE(strip.grab().toImage(), without);
    }

    void aWordOutOfSightIsScrolledTo()
    {
        QScrollArea area;
        area.setWidgetResizable(true);
        auto* const strip = new WordStrip;
        area.setWidget(strip);
        area.resize(160, 160);
        QStringList words;
        for (int i = 0; i < 120; ++i)
            words << QStringLiteral("word%1").arg(i);
        strip->setWords(words);
        area.show();
        QVERIFY(QTest::qWaitForWindowExposed(&area));
        QTRY_VERIFY_WITH_TIMEOUT(area.verticalScrollBar()->maximum() > 0, 60000);
        QTest::keyClick(strip, Qt::Key_End);
        QVERIFY(area.verticalScrollBar()->value() > 0);
        QTest::keyClick(strip, Qt::Key_Home);
        QVERIFY(strip->wordRect(120).top() >= area.verticalScrollBar()->value());
    }

    void aScreenReaderIsToldOfEveryWord()
    {
        WordStrip strip;
        strip.resize(400, 300);
        auto* const spoken = QAccessible::queryAccessibleInterface(&strip);
        QVERIFY(spoken != nullptr);
        QCOMPARE(spoken->role(), QAccessible::List);
        QCOMPARE(spoken->childCount(), 0);
        strip.setWords({"a", "red"});
        QCOMPARE(spoken->childCount(), 3);
        auto* const red = spoken->child(1);
        QVERIFY(red != nullptr && red->isValid());
        QVERIFY(spoken->child(1) == red);
        QCOMPARE(spoken->indexOfChild(red), 1);
        QCOMPARE(red->role(), QAccessible::ListItem);
        QCOMPARE(spokenName(strip, 1), QString("red"));
        QCOMPARE(spokenName(strip, 2), QString("CLS"));
        QCOMPARE(spokenValue(strip, 1), QString());
        strip.setShares({0.25F, 0.5F}, {0.75F, 0.2F, 0.05F});
        strip.setErased({1});
        QCOMPARE(spokenValue(strip, 0), QString("25.00 %"));
        QCOMPARE(spokenValue(strip, 1), QString("50.00 %; struck out"));
        QCOMPARE(spokenValue(strip, 2), QString("20.00 %"));
        QVERIFY(!red->state().selected);
        strip.setChosen(1);
        QVERIFY(red->state().selected);
        QSignalSpy word(&strip, &WordStrip::wordChosen);
        red->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
        QCOMPARE(word.takeFirst().value(0).toInt(), 1);
        strip.setWords({});
        QCOMPARE(spoken->childCount(), 1);
        QVERIFY(!red->isValid()); // there is no such word any more
    }

    void aMatrixIsReadAndItsCellsAreChosen()
    {
        MatrixView view("entropy");
        view.resize(300, 240);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        view.setAxes("block", "head", {}, {"x", "y", "z"});
        view.setMatrix({2, 3}, {0, 1, 2, 3, 4, 5}, {.low = 0, .high = 5, .quantity = "nats", .decimals = 1});
        QVERIFY(!view.canChoose()); // nobody listens: Space is the page's
        QList<std::pair<std::int64_t, std::int64_t>> chosen;
        const auto listens = connect(&view, &MatrixView::cellClicked, this,
                                     [&](std::int64_t row, std::int64_t column) { chosen << std::pair(row, column); });
        QVERIFY(view.canChoose());
        view.setFocus();
        QTest::keyClick(&view, Qt::Key_Down);
        QTest::keyClick(&view, Qt::Key_Right);
        QTest::keyClick(&view, Qt::Key_Return);
        QTest::keyClick(&view, Qt::Key_End);
        QTest::keyClick(&view, Qt::Key_Down); // there is no row below
        QTest::keyClick(&view, Qt::Key_Space);
        QTest::keyClick(&view, Qt::Key_Home);
        QTest::keyClick(&view, Qt::Key_Up);
        QTest::keyClick(&view, Qt::Key_Enter);
        QVERIFY(chosen == (QList<std::pair<std::int64_t, std::int64_t>>{{1, 1}, {1, 2}, {0, 0}}));
        QCOMPARE(spokenName(view, 5), QString("block 1, head z"));
        QCOMPARE(spokenValue(view, 5), QString("5.00 nats"));
        view.setChosen(1, {});
        QVERIFY(view.isCellChosen(3) && view.isCellChosen(5) && !view.isCellChosen(0));
        view.clear();
        QTest::keyClick(&view, Qt::Key_Return);
        QCOMPARE(chosen.size(), 3);
        QVERIFY(disconnect(listens));
        QVERIFY(!view.canChoose());
    }

    void smallMapsAreChosenWithTheirNumbers()
    {
        SmallMultiples maps;
        maps.resize(600, 300);
        maps.show();
        QVERIFY(QTest::qWaitForWindowExposed(&maps));
        Part block, head;
        int told = 0;
        connect(&maps, &SmallMultiples::chosen, this, [&](Part toBlock, Part toHead) {
            block = toBlock;
            head = toHead;
            ++told;
        });
        maps.setFocus();
        QTest::keyClick(&maps, Qt::Key_Return); // nothing is shown yet
        QCOMPARE(told, 0);
        maps.setMaps(2, 3, {1, 2}, {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0.25F, 0.5F});
        QTest::keyClick(&maps, Qt::Key_Space);
        QVERIFY(block == 0 && head == 0);
        QTest::keyClick(&maps, Qt::Key_Down);
        QTest::keyClick(&maps, Qt::Key_End);
        QTest::keyClick(&maps, Qt::Key_Return);
        QVERIFY(block == 1 && head == 2);
        QVERIFY(maps.isCellChosen(maps.currentCell()));
        QTest::keyClick(&maps, Qt::Key_Return); // again: the mean over all
        QVERIFY(!block && !head);
        QTest::keyClick(&maps, Qt::Key_Home);
        QTest::keyClick(&maps, Qt::Key_Return); // the block's number
        QVERIFY(block == 1 && !head);
        QTest::keyClick(&maps, Qt::Key_Up);
        QTest::keyClick(&maps, Qt::Key_Up); // nothing stands in the corner
        QTest::keyClick(&maps, Qt::Key_Right);
        QTest::keyClick(&maps, Qt::Key_Up);
        QTest::keyClick(&maps, Qt::Key_Return); // a head's number
        QVERIFY(!block && head == 0);
        QTest::keyClick(&maps, Qt::Key_Left);
        QTest::keyClick(&maps, Qt::Key_Home);
        QCOMPARE(maps.currentCell(), 1);
        const int last = maps.cellCount() - 1;
        QCOMPARE(spokenName(maps, last), QString("block 1, head 2"));
        QCOMPARE(spokenValue(maps, last), QString("largest share 50 %"));
        QCOMPARE(spokenName(maps, 2), QString("head 1, mean over blocks"));
        maps.clear("nothing");
        QCOMPARE(maps.cellCount(), 0);
        QCOMPARE(maps.currentCell(), -1);
    }

    void manySmallMapsAreScrolledNotShrunk()
    {
        QScrollArea area;
        area.setWidgetResizable(true);
        auto* const maps = new SmallMultiples(&area);
        area.setWidget(maps);
        area.resize(700, 240);
        area.show();
        QVERIFY(QTest::qWaitForWindowExposed(&area));
        const auto showMaps = [maps](std::int64_t blocks) {
            maps->setMaps(blocks, 4, {4, 2}, std::vector<float>(static_cast<std::size_t>(blocks * 4 * 8), 0.5F));
        };
        showMaps(3);
        QTRY_COMPARE_WITH_TIMEOUT(maps->height(), area.viewport()->height(), 60000); // they fill the room there is
        QVERIFY(maps->mapRect(0, 0).height() > 24);
        showMaps(28);
        QTRY_VERIFY_WITH_TIMEOUT(maps->height() > area.viewport()->height(), 60000);
        QVERIFY(maps->mapRect(0, 0).height() >= 24);
        QVERIFY(maps->mapRect(27, 0).bottom() <= maps->height());
        maps->setFocus();
        for (int i = 0; i < 27; ++i)
            QTest::keyClick(maps, Qt::Key_Down);
        QVERIFY(maps->visibleRegion().contains(maps->mapRect(27, 0).center().toPoint())); // the keys scroll to it
        maps->clear("nothing");
        QTRY_COMPARE_WITH_TIMEOUT(maps->height(), area.viewport()->height(), 60000);
    }

    /// The table of colours is as good as the colours themselves, also for what is no number.
    void mapsAreColouredByTheirShares()
    {
        SmallMultiples maps;
        maps.resize(600, 300);
        maps.setMaps(1, 1, {1, 3}, {0.0F, 0.5F, 1.0F});
        const auto shown = maps.grab().toImage();
        const auto box = maps.mapRect(0, 0);
        for (int i = 0; i < 3; ++i) {
            const QPoint middle(static_cast<int>(box.left() + (i + 0.5) * box.width() / 3),
                                static_cast<int>(box.center().y()));
            const QColor painted(shown.pixel(middle)), wanted(heatColour(i / 2.0));
            QVERIFY2(std::abs(painted.red() - wanted.red()) <= 2 && std::abs(painted.green() - wanted.green()) <= 2 &&
                         std::abs(painted.blue() - wanted.blue()) <= 2,
                     qPrintable(painted.name() + " for " + wanted.name()));
        }
        maps.setMaps(1, 1, {1, 2}, {std::nanf(""), 1.0F});
        QVERIFY(!maps.grab().isNull());
    }

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

QTEST_MAIN(TestChoosableCells)
#include "tst_choosable_cells.moc"
