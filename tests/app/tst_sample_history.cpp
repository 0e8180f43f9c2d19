#include "app/pages/sample/history_panel.h"
#include "app/pages/sample/sample_form.h"
#include "app/pages/sample/sample_page.h"
#include "app/sampling.h"
#include "core/front/sampling.h"
#include "tests/app/sample_test.h"
#include "tests/support/active_window.h"
#include "widgets/filmstrip.h"
#include "widgets/prompt_edit.h"

#include <QAction>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QToolButton>

#include <algorithm>
#include <string>

using namespace nanodit;

namespace {
constexpr int scenes = 20;
}

/// What the Sample page keeps of pictures that it painted: prompts, settings, notes and favourites.
class TestSampleHistory : public test::SampleTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(openWindow());
        openSamplePage(scenes);
    }

    void cleanupTestCase() { closeWindow(); }
    void aPromptShowsItsTokens()
    {
        auto* const prompt = find<PromptEdit>("prompt");
        auto* const tokens = find<QLabel>("promptTokens");
        prompt->setText("a red circle\nabove a blue square");
        settle();
        const auto reader = PromptReader::load(session_->workspace());
        const auto most = textTokensOf(form()->checkpoint());
        const auto read = reader->read("a red circle\nabove a blue square", most);
        QCOMPARE(tokens->text(), QStringLiteral("%1 of %2 tokens").arg(read.tokens()).arg(most));
        QString tooLong;
        while (!reader->read(tooLong.toStdString(), most).isCut())
            tooLong += QStringLiteral("a red circle ");
        prompt->setText(tooLong);
        settle();
        QVERIFY2(tokens->text().contains("cut off"), qPrintable(tokens->text()));
        QVERIFY(find<QLabel>("promptPieces")->text().contains("<s>"));
    }

    void theLastPromptsAreOffered()
    {
        auto* const prompt = find<PromptEdit>("prompt");
        for (const auto* const text : {"a red ring", "a blue & green ring\nbelow a star", "a red ring"}) {
            prompt->setText(text);
            generate();
        }
        prompt->setFocus();
        prompt->selectAll();
        QTest::keyClicks(prompt, "half a thought");
        find<QToolButton>("recentPrompts")->click();
        auto* const menu = find<QMenu>("recentPromptsMenu");
        QVERIFY(menu->isVisible());
        const auto offered = menu->actions();
        QVERIFY(offered.size() >= 2);
        QCOMPARE(offered[0]->text(), QString("a red ring"));
        QCOMPARE(offered[1]->text(), QString("a blue && green ring below a star"));
        QTest::keyClick(menu, Qt::Key_Down);
        QTest::keyClick(menu, Qt::Key_Return);
        QVERIFY(!menu->isVisible());
        QCOMPARE(prompt->text(), QString("a blue & green ring\nbelow a star"));
        prompt->undo();
        QCOMPARE(prompt->text(), QString("half a thought"));
    }

    void aDroppedPictureIsGeneratedAgainToTheLastPixel()
    {
        // Settings that the form shows rounded, or has no field for.
        const auto& record = session_->records().front();
        SampleRequest request = form()->request();
        request.prompt.clear();
        request.textRecord = record.id;
        request.reference = RecordReference{record.id};
        request.clsFrom = RecordReference{session_->records()[1].id};
        request.size = record.bucket;
        request.shift = 1.23456;
        request.textScale = 2.345678;
        request.guidanceInterval = {0.1234, 0.9876};
        request.guidanceRule = GuidanceRule::Projected;
        request.projected = {.parallel = 0.3, .momentum = -0.2, .threshold = 5};
        request.weakGuide = WeakGuide{.checkpoint = form()->checkpoint(), .scale = 1.5};
        request.start = PictureStart{.picture = RecordReference{record.id}, .time = 0.7};
        QSignalSpy finished(&sampling(), &Sampling::finished);
        sampling().generate(request, form()->checkpoint());
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, minute);
        settle();
        const auto first = finished[0][0].value<SampledPicture>();
        SampleRequest other;
        other.size = record.bucket;
        form()->setRequest(other);
        find<PromptEdit>("prompt")->setText("something else");
        page()->restoreFrom(first.file);
        settle();
        QVERIFY(form()->findChild<QLabel*>("carried")->isVisible());
        const auto again = generate();
        QVERIFY(again.file != first.file);
        auto settings = *again.request;
        settings.prompt.clear(); // the form shows the record's caption there
        QCOMPARE(settingsOf(settings), settingsOf(*first.request));
        QCOMPARE(again.picture, first.picture);
        find<QToolButton>("dropCarried")->click();
        QVERIFY(!form()->request().start && !form()->request().weakGuide);
        form()->setReference(NoReference{});
    }

    void notesAndFavouritesAreFoundAndStay()
    {
        find<PromptEdit>("prompt")->setText("a purple star");
        const auto picture = generate();
        auto* const note = find<QLineEdit>("historyNote");
        note->setFocus();
        QTest::keyClicks(note, "the best so far");
        QTest::keyClick(note, Qt::Key_Return);
        find<QToolButton>("favourite")->click();
        settle();
        auto* const search = find<QLineEdit>("historySearch");
        const auto listed = [this] { return page()->findChild<Filmstrip*>()->model()->rowCount(); };
        const int all = listed();
        search->setText("BEST far");
        QCOMPARE(listed(), 1);
        search->setText("no such words");
        QCOMPARE(listed(), 0);
        search->clear();
        QCOMPARE(listed(), all);
        find<QToolButton>("onlyFavourites")->setChecked(true);
        QCOMPARE(listed(), 1);
        find<QToolButton>("onlyFavourites")->setChecked(false);
        // As the next start of the program reads it.
        const auto read = readSampledBefore(session_->workspace()).pictures;
        const auto kept = std::ranges::find(read, picture.file, &SampledPicture::file);
        QVERIFY(kept != read.end() && kept->note.favourite);
        QCOMPARE(kept->note.text, std::string("the best so far"));
    }

    void aNoteBelongsToThePictureThatItWasWrittenFor()
    {
        find<PromptEdit>("prompt")->setText("a green square");
        const auto first = generate();
        auto* const note = find<QLineEdit>("historyNote");
        QVERIFY(test::activate(*window_));
        note->setFocus();
        QTRY_VERIFY_WITH_TIMEOUT(note->hasFocus(), minute);
        QTest::keyClicks(note, "of the first");
        // Another picture is finished, and shown, while somebody writes.
        auto request = form()->request();
        request.seed += 1;
        QSignalSpy finished(&sampling(), &Sampling::finished);
        sampling().generate(request, form()->checkpoint());
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 2 * minute);
        settle();
        const auto second = finished[0][0].value<SampledPicture>();
        QCOMPARE(history()->current(), second.file);
        QCOMPARE(note->text(), QString("of the first"));
        QTest::keyClick(note, Qt::Key_Return);
        settle();
        QVERIFY(note->text().isEmpty()); // now that of the picture that is shown
        const auto read = readSampledBefore(session_->workspace()).pictures;
        const auto noteOf = [&read](const QString& file) {
            const auto found = std::ranges::find(read, file, &SampledPicture::file);
            return found != read.end() ? found->note.text : std::string("not listed");
        };
        QCOMPARE(noteOf(first.file), std::string("of the first"));
        QCOMPARE(noteOf(second.file), std::string());
    }

    void aPromptThatIsTypedWhileTheHistoryIsReadStays()
    {
        auto* const prompt = find<PromptEdit>("prompt");
        prompt->setText("a red ring");
        const auto newest = generate();
        const auto reopen = [this] {
            const QSignalSpy read(&sampling(), &Sampling::historyRead);
            session_->openWorkspace(path("demo"));
            QTRY_COMPARE_WITH_TIMEOUT(read.count(), 1, minute);
            settle();
        };
        const auto typing = connect(session_.get(), &Session::workspaceChanged, this, [prompt] { // it is being read
            prompt->selectAll();
            prompt->insertPlainText("half a thought");
        });
        reopen();
        disconnect(typing);
        QCOMPARE(prompt->text(), QString("half a thought"));
        QCOMPARE(history()->current(), newest.file);
        reopen(); // nothing is typed now
        QCOMPARE(prompt->text(), QString("a red ring"));
    }
};

QTEST_MAIN(TestSampleHistory)
#include "tst_sample_history.moc"
