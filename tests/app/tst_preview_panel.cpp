#include "app/pages/train/preview_panel.h"
#include "widgets/preview_grid.h"

#include <QComboBox>
#include <QSignalSpy>
#include <QStackedWidget>
#include <QTest>

#include <array>

using namespace nanodit;

namespace {

TrainPreview previewOf(qint64 step, PreviewKind kind)
{
    QImage picture(64, 64, QImage::Format_RGB888);
    picture.fill(Qt::darkGreen);
    return {.step = step,
            .record = QStringLiteral("boat"),
            .caption = QStringLiteral("a boat"),
            .picture = picture,
            .reference = picture,
            .kind = kind};
}

} // namespace

/// Pictures of a training by mode: over steps, and of parts of the conditions.
class TestPreviewPanel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aChoiceAppearsWithThePartsOfTheConditions()
    {
        PreviewPanel panel;
        auto* const mode = panel.findChild<QComboBox*>("previewMode");
        auto* const views = panel.findChild<QStackedWidget*>();
        const std::array grids = {qobject_cast<PreviewGrid*>(views->widget(1)),
                                  qobject_cast<PreviewGrid*>(views->widget(2))};
        QVERIFY(grids[0] != nullptr && grids[1] != nullptr);
        QCOMPARE(views->currentIndex(), 0); // nothing yet
        panel.add(previewOf(100, PreviewKind::Usual));
        panel.add(previewOf(100, PreviewKind::Raw));
        QVERIFY(mode->isHidden());
        QCOMPARE(views->currentWidget(), grids[0]);
        QCOMPARE(grids[0]->columns(), 1);
        panel.add(previewOf(100, PreviewKind::TextOnly));
        panel.add(previewOf(100, PreviewKind::Shuffled));
        QVERIFY(!mode->isHidden());
        QCOMPARE(grids[1]->columns(), 3); // all conditions stand before their parts
        QCOMPARE(grids[0]->columns(), 1);
        mode->setCurrentIndex(1);
        QCOMPARE(views->currentWidget(), grids[1]);
        panel.clear();
        QVERIFY(mode->isHidden() && grids[0]->isEmpty() && grids[1]->isEmpty());
        QCOMPARE(views->currentIndex(), 0);
    }

    void aPictureOfTheStripIsAskedForByStepAndKind()
    {
        PreviewPanel panel;
        panel.add(previewOf(300, PreviewKind::Usual));
        panel.add(previewOf(300, PreviewKind::DinoOnly));
        panel.findChild<QComboBox*>("previewMode")->setCurrentIndex(1);
        panel.resize(700, 300);
        panel.show();
        QVERIFY(QTest::qWaitForWindowExposed(&panel));
        QSignalSpy chosen(&panel, &PreviewPanel::pictureChosen);
        auto* const strip = panel.findChildren<PreviewGrid*>()[1];
        for (const int x : {20, 150, 260})
            QTest::mouseDClick(strip->viewport(), Qt::LeftButton, {}, {x, 60});
        QCOMPARE(chosen.count(), 3);
        QCOMPARE(chosen[0][1].toLongLong(), -1LL);
        QCOMPARE(chosen[1][1].toLongLong(), 300LL);
        QCOMPARE(chosen[1][2].value<PreviewKind>(), PreviewKind::Usual);
        QCOMPARE(chosen[2][2].value<PreviewKind>(), PreviewKind::DinoOnly);
        panel.chooseNeighbour(-1, 0); // as the arrows do while one is enlarged
        QCOMPARE(chosen.count(), 4);
        QCOMPARE(chosen[3][2].value<PreviewKind>(), PreviewKind::Usual);
        panel.chooseNeighbour(0, 1); // there is one row
        QCOMPARE(chosen.count(), 4);
    }
};

QTEST_MAIN(TestPreviewPanel)
#include "tst_preview_panel.moc"
