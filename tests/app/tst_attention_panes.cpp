#include "app/pages/attention/attention_panes.h"
#include "app/pages/attention/edit_panel.h"
#include "app/pages/attention/export_menu.h"
#include "app/pages/attention/knock_out_panel.h"
#include "app/pages/attention/time_bar.h"
#include "app/session.h"
#include "tests/support/scripted_dialogs.h"
#include "tests/support/test_data.h"
#include "widgets/attention_map.h"
#include "widgets/theme.h"
#include "widgets/word_strip.h"

#include <QAction>
#include <QApplication>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QTest>

#include <filesystem>
#include <string>
#include <vector>

using namespace nanodit;

namespace {

/// "red ring" and its end mark, over two by two patches.
AttentionScene smallScene()
{
    AttentionScene scene;
    scene.latents = scene.patches = {.rows = 2, .cols = 2};
    scene.blocks = 2;
    scene.heads = 1;
    scene.textTokens = 6;
    scene.words = {{.text = "red", .firstToken = 0, .tokens = 2},
                   {.text = "ring", .firstToken = 2, .tokens = 1},
                   {.text = "(end)", .firstToken = 3, .tokens = 1, .end = true}};
    return scene;
}

AttentionAnswer withSinks(std::vector<AttentionSink> sinks)
{
    AttentionAnswer answer;
    answer.summaries.emplace().sinks = std::move(sinks);
    return answer;
}

} // namespace

/// Picture, caption and patches of the attention page.
class TestAttentionPanes : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { const Theme theme(*qApp); }

    void aFilmThatIsMadeWhileAnotherPlaysIsPlayedToo()
    {
        TimeBar bar;
        bar.show();
        QVERIFY(QTest::qWaitForWindowExposed(&bar));
        const auto play = [&bar] { // as the page does with a film that has been made
            bar.setFilm(QStringList(1000, QStringLiteral("t = 0.50")), "noise", "picture"); // too long to end meanwhile
            bar.togglePlay();
        };
        play();
        QTRY_VERIFY_WITH_TIMEOUT(bar.frame() > 0, 60000);
        play();
        QCOMPARE(bar.frame(), 0);
        QTRY_VERIFY_WITH_TIMEOUT(bar.frame() > 0, 60000);
        bar.hide(); // it goes on when it is seen again
        const int there = bar.frame();
        QTest::qWait(400);
        QCOMPARE(bar.frame(), there);
        bar.show();
        QTRY_VERIFY_WITH_TIMEOUT(bar.frame() != there, 60000);
    }

    void whatIsChosenToLeaveOutGoesWithTheScene()
    {
        KnockOutPanel panel;
        const auto* const knock = panel.findChild<QPushButton*>("attentionKnockOut");
        const auto* const about = panel.findChild<QLabel*>("attentionKnockedOut");
        const auto scene = smallScene();
        panel.showScene(scene);
        panel.showChoice({.latents = {}, .patches = {3}});
        QVERIFY(knock->isEnabled());
        QVERIFY2(about->text().contains("patch 1,1"), qPrintable(about->text()));
        auto withoutPatches = scene; // of a model that has none
        withoutPatches.patches = {};
        panel.showScene(withoutPatches);
        QVERIFY(!knock->isEnabled());
        QVERIFY2(!about->text().contains("patch 1,1"), qPrintable(about->text()));
        panel.showChoice({.latents = {}, .patches = {}, .word = 0});
        QVERIFY(knock->isEnabled());
        QVERIFY2(about->text().contains("red"), qPrintable(about->text()));
    }

    void theToolsOfChangesAreWholeInLargeFonts()
    {
        const auto before = QApplication::font();
        auto large = before;
        large.setPointSizeF(15);
        QApplication::setFont(large);
        {
            const Theme theme(*qApp);
            Session session;
            EditPanel panel(session);
            panel.resize(1400, 300);
            panel.show();
            QVERIFY(QTest::qWaitForWindowExposed(&panel));
            std::vector<QWidget*> parts = {panel.findChild<QSpinBox*>()};
            for (auto* const button : panel.findChildren<QPushButton*>())
                parts.push_back(button);
            for (const auto* const part : parts) {
                QVERIFY(part->parentWidget()->rect().contains(part->geometry()));
                QVERIFY2(part->width() >= part->minimumSizeHint().width(), qPrintable(part->objectName()));
            }
        }
        QApplication::setFont(before);
        const Theme theme(*qApp);
    }

    void clsCanBeChosenWhereThereAreNoWords()
    {
        AttentionPanes panes(QStringLiteral("tested"), true);
        QCOMPARE(panes.words()->cellCount(), 0); // nothing is inspected yet
        auto scene = smallScene();
        scene.words.clear(); // of a record without a caption
        panes.showScene(scene);
        QCOMPARE(panes.words()->cellCount(), 1);
        panes.clear();
        QCOMPARE(panes.words()->cellCount(), 0);
        panes.showScene(scene);
        QCOMPARE(panes.words()->cellCount(), 1);
    }

    void sinksAreMarkedAtTheirWords()
    {
        AttentionPanes panes(QStringLiteral("tested"), true);
        panes.resize(900, 300);
        const auto scene = smallScene();
        panes.showScene(scene);
        panes.words()->resize(300, 200);
        const auto before = panes.words()->grab().toImage();
        const auto answer = withSinks({{.block = 0, .token = scene.clsToken(), .mass = 0.3, .contribution = 0.05},
                                       {.block = 1, .token = 3, .mass = 0.4, .contribution = 0.1},
                                       {.block = 1, .token = scene.patchToken(2), .mass = 0.5, .contribution = 0.1},
                                       {.block = 1, .token = 1, .mass = 0.2, .contribution = 0.02}});
        panes.showAnswer(answer, {}, AttentionMeasure::Mass);
        const auto& marks = panes.words()->marks();
        QCOMPARE(marks.size(), 4);
        QCOMPARE(marks[0], QStringLiteral("a sink in block 1: receives 20.0 % of attention and adds 2.0 %"));
        QVERIFY(marks[1].isEmpty());
        QVERIFY2(marks[2].contains("block 1") && marks[2].contains("40.0 %"), qPrintable(marks[2]));
        QVERIFY2(marks[3].contains("block 0") && marks[3].contains("30.0 %"), qPrintable(marks[3]));
        QVERIFY(panes.words()->grab().toImage() != before);
    }

    void marksGoWithTheScene()
    {
        AttentionPanes panes(QStringLiteral("tested"), true);
        panes.showScene(smallScene());
        panes.showAnswer(withSinks({{.block = 0, .token = 3, .mass = 0.4, .contribution = 0.1}}), {},
                         AttentionMeasure::Mass);
        QVERIFY(!panes.words()->marks().isEmpty());
        // What another token attends to says nothing of sinks: they stay.
        panes.showAnswer({}, {}, AttentionMeasure::Mass);
        QVERIFY(!panes.words()->marks().isEmpty());
        panes.showScene(smallScene());
        QVERIFY(panes.words()->marks().isEmpty());
    }

    void aNullTextHasNoMarks()
    {
        AttentionPanes panes(QStringLiteral("tested"), true);
        auto scene = smallScene();
        scene.words.clear();
        panes.showScene(scene);
        panes.showAnswer(withSinks({{.block = 0, .token = 0, .mass = 0.4, .contribution = 0.1}}), {},
                         AttentionMeasure::Mass);
        QCOMPARE(panes.words()->marks(), QStringList{QString()}); // CLS alone, without a mark
    }

    void filesThatWaitAreWrittenBeforeTheMenuGoes()
    {
        const test::TemporaryFolder folder;
        test::ScriptedDialogs dialogs;
        AttentionExport shown;
        shown.beforeAndAfter = QImage(2000, 1000, QImage::Format_RGB32);
        shown.beforeAndAfter.fill(Qt::white);
        std::vector<std::filesystem::path> files;
        {
            ExportMenu menu(
                dialogs, [&shown] { return shown; }, nullptr);
            Q_EMIT menu.aboutToShow();
            auto* const entry = menu.findChild<QAction*>("exportBeforeAfter");
            QVERIFY(entry != nullptr);
            for (int i = 0; i < 4; ++i) {
                files.push_back(folder / (std::to_string(i) + ".png"));
                dialogs.nextPath = QString::fromStdString(files.back().string());
                entry->trigger();
            }
        }
        for (const auto& file : files)
            QVERIFY2(std::filesystem::exists(file), file.c_str());
    }

    void thePatchThatTheKeysReachIsToldToScreenReaders()
    {
        AttentionMap map(QStringLiteral("patches"));
        map.setGrid({.rows = 2, .cols = 2});
        map.setChosen({0});
        QCOMPARE(map.accessibleDescription(), QString("row 0, column 0"));
        map.setValues({0.5F, 0.25F, 0.125F, 0.125F});
        QTest::keyClick(&map, Qt::Key_Right);
        QCOMPARE(map.accessibleDescription(), QString("row 0, column 1: 25 %"));
        map.setChosen({0, 1, 2});
        QCOMPARE(map.accessibleDescription(), QString("3 cells are selected"));
        map.setGrid({});
        QVERIFY(map.accessibleDescription().isEmpty());
        map.setChosen({1}); // as where no second checkpoint is compared
        QVERIFY(map.accessibleDescription().isEmpty());
        map.setGrid({.rows = 1, .cols = 1});
        map.setChosen({1});
        QVERIFY(map.accessibleDescription().isEmpty());
    }
};

QTEST_MAIN(TestAttentionPanes)
#include "tst_attention_panes.moc"
