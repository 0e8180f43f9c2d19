#include "app/pages/attention/attention_page.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/loupe.h"
#include "app/pages/dataset/picture_pane.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/runs/runs_page.h"
#include "app/pages/sample/sample_page.h"
#include "app/pages/train/preview_panel.h"
#include "app/pages/train/preview_window.h"
#include "app/pages/train/train_page.h"
#include "app/pages/validate/validate_page.h"
#include "app/sampling.h"
#include "app/settings/settings_dialog.h"
#include "app/training.h"
#include "app/validating.h"
#include "tests/app/window_test.h"
#include "widgets/attention_map.h"
#include "widgets/commands.h"
#include "widgets/config_form.h"
#include "widgets/preview_grid.h"
#include "widgets/tab_order.h"
#include "widgets/thumbnail_grid.h"
#include "widgets/word_strip.h"

#include <QAbstractButton>
#include <QAccessible>
#include <QAction>
#include <QComboBox>
#include <QFileInfo>
#include <QImage>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPointer>
#include <QPushButton>
#include <QScrollArea>
#include <QSet>
#include <QStackedWidget>
#include <QTableView>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <utility>

using namespace nanodit;

namespace {

constexpr int scenes = 20;
constexpr int mostStops = 150; ///< Of Tab on a page.

bool isInteractive(const QWidget& widget)
{
    const bool scrolls = qobject_cast<const QScrollArea*>(&widget) != nullptr; // what it holds is worked with
    return (widget.focusPolicy() & Qt::TabFocus) != 0 && widget.focusProxy() == nullptr && !scrolls &&
           !widget.isWindow();
}

QString describe(const QWidget& widget)
{
    QStringList path;
    for (const auto* part = &widget; part != nullptr && path.size() < 4; part = part->parentWidget())
        path.prepend(
            QStringLiteral("%1 \"%2\"").arg(QLatin1String(part->metaObject()->className()), part->objectName()));
    return path.join(QStringLiteral(" > "));
}

/// Whether a screen reader can say what it is: Qt calls what it does not know a client area or a border.
bool hasRole(const QAccessibleInterface& spoken)
{
    const auto role = spoken.role();
    return role != QAccessible::NoRole && role != QAccessible::Client && role != QAccessible::Border;
}

/// Those within `root`, shown or not, of which a screen reader could not say the name, or not what they are.
QStringList unspeakable(const QWidget& root)
{
    QStringList found;
    for (auto* const widget : root.findChildren<QWidget*>()) {
        if (!isInteractive(*widget) || widget->window() != root.window())
            continue;
        const auto* const button = qobject_cast<QAbstractButton*>(widget);
        if (button != nullptr && !button->isVisible() && button->text().isEmpty()) // what shows it words it
            continue;
        auto* const spoken = QAccessible::queryAccessibleInterface(widget);
        if (spoken == nullptr || spoken->text(QAccessible::Name).trimmed().isEmpty())
            found << describe(*widget) + QStringLiteral(" has no name");
        else if (!hasRole(*spoken))
            found << describe(*widget) + QStringLiteral(" has no role");
    }
    return found;
}

} // namespace

/// The window without a mouse: every page's main task, where Tab goes, what a screen reader can say.
class TestKeyboard : public test::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { openDemo(scenes); }

    void cleanupTestCase() { closeWindow(); }

    void everythingThatIsWorkedWithHasANameAndARole()
    {
        QStringList found;
        for (const auto& info : pageTable()) {
            press(info.key, Qt::ControlModifier);
            QTRY_VERIFY_WITH_TIMEOUT(session_->idle() && window_->settled(), minute);
        }
        found << unspeakable(*window_);
        press(Qt::Key_Comma, Qt::ControlModifier);
        auto* const settings = window_->findChild<SettingsDialog*>();
        QVERIFY(settings != nullptr);
        found << unspeakable(*settings);
        settings->close();
        QTRY_VERIFY_WITH_TIMEOUT(window_->findChild<SettingsDialog*>() == nullptr, minute);
        QVERIFY(test::activate(*window_));
        QVERIFY2(found.isEmpty(), qPrintable(found.join(QLatin1Char('\n'))));
    }

    void tabGoesThroughEveryPageAndBack()
    {
        for (const auto& info : pageTable()) {
            press(info.key, Qt::ControlModifier);
            QTRY_VERIFY_WITH_TIMEOUT(session_->idle() && window_->settled(), minute);
            QList<QWidget*> stops;
            while (stops.size() < mostStops) {
                press(Qt::Key_Tab);
                auto* const at = QApplication::focusWidget();
                QVERIFY2(at != nullptr && at->isVisible(), info.word);
                if (stops.contains(at))
                    break;
                stops << at;
            }
            QVERIFY2(stops.size() > 5 && stops.size() < mostStops, info.word);
            QCOMPARE(QApplication::focusWidget(), stops.front()); // all the way round
            press(Qt::Key_Backtab);
            QCOMPARE(QApplication::focusWidget(), stops.back());
            const auto all = inTabOrder(*currentPage());
            QVERIFY2(std::ranges::all_of(all, [&](QWidget* part) { return stops.contains(part); }), info.word);
            for (const auto* const name : {"start", "validateStart", "runCompare", "generate"}) {
                auto* const primary = currentPage()->findChild<QPushButton*>(QLatin1String(name));
                if (primary != nullptr && primary->isVisible() && primary->isEnabled())
                    QVERIFY2(stops.indexOf(primary) < 8, name); // Generate stands behind the prompt
            }
        }
    }

    void everyKeyIsListedAndMeansOneThing()
    {
        for (const auto& info : pageTable()) {
            press(info.key, Qt::ControlModifier);
            const int told = dialogs_.told;
            press(Qt::Key_Question);
            QCOMPARE(dialogs_.told, told + 1);
            QSet<QString> keys;
            QList<QAction*> actions = window_->actions() + currentPage()->actions();
            for (const auto* const part : currentPage()->findChildren<QWidget*>()) {
                if (part->isVisible())
                    actions << part->actions();
            }
            for (const auto* const action : actions) {
                const auto key = shownKeys(action->shortcut());
                if (key.isEmpty())
                    continue;
                QVERIFY2(!keys.contains(key), qPrintable(QStringLiteral("%1 on %2").arg(key, info.word)));
                keys << key;
                const bool digit = key.size() == 1 && key[0].isDigit();
                const bool page = key.size() == 6 && key.startsWith("Ctrl+") && key[5].isDigit();
                if (!digit && !page) // those are listed from the first to the last
                    QVERIFY2(dialogs_.toldHtml.contains(key.toHtmlEscaped()), qPrintable(key));
            }
            QVERIFY2(keys.size() > 10, info.word);
        }
    }

    void aRecordIsFoundAndItsCaptionEdited()
    {
        press(Qt::Key_1, Qt::ControlModifier);
        press(Qt::Key_F, Qt::ControlModifier);
        type("scene-000003");
        auto* const browser = window_->datasetPage()->browser();
        QTRY_VERIFY_WITH_TIMEOUT(browser->idle(), minute);
        press(Qt::Key_Down); // into the list
        QTRY_COMPARE_WITH_TIMEOUT(browser->current(), QStringLiteral("scene-000003"), minute);
        const auto before = session_->record("scene-000003")->caption;
        press(Qt::Key_E);
        QTRY_VERIFY_WITH_TIMEOUT(qobject_cast<QPlainTextEdit*>(QApplication::focusWidget()) != nullptr, minute);
        press(Qt::Key_A, Qt::ControlModifier);
        type("a caption that was typed");
        press(Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(session_->record("scene-000003")->caption, std::string("a caption that was typed"),
                                  minute);
        press(Qt::Key_Z, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(session_->record("scene-000003")->caption, before, minute);
        press(Qt::Key_F, Qt::ControlModifier);
        press(Qt::Key_Escape); // the search is empty again
        QTRY_VERIFY_WITH_TIMEOUT(browser->query().isEmpty() && session_->idle() && browser->idle(), minute);
    }

    void theArrowsStepThroughTheRecordsAsSoonAsThePageIsOpened()
    {
        auto* const browser = window_->datasetPage()->browser();
        press(Qt::Key_2, Qt::ControlModifier);
        press(Qt::Key_1, Qt::ControlModifier);
        QVERIFY(window_->findChild<ThumbnailGrid*>("thumbnailGrid")->hasFocus());
        press(Qt::Key_Home);
        const auto first = browser->current();
        press(Qt::Key_Right);
        QVERIFY2(browser->current() != first, qPrintable(first));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle() && window_->settled(), minute);
    }

    void theViewChangesWhileTheRecordsHaveTheFocus()
    {
        press(Qt::Key_1, Qt::ControlModifier);
        auto* const grid = window_->findChild<ThumbnailGrid*>("thumbnailGrid");
        QVERIFY(grid->isVisible());
        grid->setFocus();
        auto* const loupe = window_->findChild<Loupe*>();
        press(Qt::Key_Right);
        press(Qt::Key_3);
        QVERIFY(loupe->left()->lens() == Lens::Similarity);
        QVERIFY(grid->hasFocus()); // and the arrows go on
        press(Qt::Key_1);
        QVERIFY(loupe->left()->lens() == Lens::Picture);
    }

    void aRunIsStartedPausedAndStopped()
    {
        press(Qt::Key_2, Qt::ControlModifier);
        auto* const settings = window_->findChild<ConfigForm*>();
        const std::pair<const char*, std::int64_t> quick[] = {
            {"model.hidden_size", 64}, {"model.depth", 2}, {"model.num_heads", 2}, {"data.batch_size", 4}};
        for (const auto& [key, value] : quick)
            settings->setValue(key, value);
        auto& training = controllers_->training;
        press(Qt::Key_Tab); // the blue button
        QCOMPARE(QApplication::focusWidget()->objectName(), QStringLiteral("start"));
        press(Qt::Key_Space);
        QVERIFY(training.active());
        QTRY_VERIFY_WITH_TIMEOUT(!training.curves().of("loss").steps().isEmpty(), 2 * minute);
        press(Qt::Key_Space);
        QTRY_COMPARE_WITH_TIMEOUT(training.state(), Training::State::Paused, minute);
        press(Qt::Key_Space);
        QTRY_COMPARE_WITH_TIMEOUT(training.state(), Training::State::Running, minute);
        press(Qt::Key_Period, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(!training.active() && session_->idle(), minute);
        QVERIFY(!session_->runs().empty());
    }

    void aPreviewIsEnlargedAndItsNeighbourSeen()
    {
        press(Qt::Key_2, Qt::ControlModifier);
        auto& training = controllers_->training;
        const auto file =
            previewFile(session_->workspace().runsFolder() / training.runName().toStdString(), 10, "scene-000003");
        std::filesystem::create_directories(file.parent_path());
        QImage picture(64, 48, QImage::Format_RGB888);
        picture.fill(Qt::darkGreen);
        QVERIFY(picture.save(QString::fromStdString(file.string())));
        Q_EMIT training.runChanged(); // no picture of the run that was trained above
        Q_EMIT training.previewed({.step = 10,
                                   .record = QStringLiteral("scene-000003"),
                                   .caption = QStringLiteral("a caption"),
                                   .picture = picture,
                                   .reference = picture});
        QVERIFY(tabTo([](QWidget* at) { return qobject_cast<PreviewGrid*>(at) != nullptr; }));
        press(Qt::Key_Home);
        press(Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(window_->findChild<PreviewWindow*>() != nullptr, minute);
        const QPointer<PreviewWindow> enlarged = window_->findChild<PreviewWindow*>();
        QVERIFY2(enlarged->windowTitle().contains("reference"), qPrintable(enlarged->windowTitle()));
        QTest::keyClick(enlarged.data(), Qt::Key_Right);
        QTRY_VERIFY_WITH_TIMEOUT(enlarged->windowTitle().contains("step 10"), minute);
        QTest::keyClick(enlarged.data(), Qt::Key_Escape);
        QTRY_VERIFY_WITH_TIMEOUT(enlarged.isNull(), minute);
        QVERIFY(test::activate(*window_));
        // One that is still being read when another run is shown is not enlarged.
        auto* const panel = window_->trainPage()->findChild<PreviewPanel*>();
        Q_EMIT panel->pictureChosen(QStringLiteral("scene-000003"), 10, PreviewKind::Usual,
                                    QStringLiteral("a caption"));
        QVERIFY(session_->pending() > 0);
        Q_EMIT training.runChanged();
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(window_->findChild<PreviewWindow*>() == nullptr);
    }

    void attentionIsAskedWithTheArrows()
    {
        press(Qt::Key_3, Qt::ControlModifier);
        auto* const page = window_->attentionPage();
        QTRY_VERIFY_WITH_TIMEOUT(page->settled() && session_->idle(), minute);
        QVERIFY(tabTo([](QWidget* at) { return qobject_cast<AttentionMap*>(at) != nullptr; }));
        auto* const map = qobject_cast<AttentionMap*>(QApplication::focusWidget());
        const auto before = map->chosen();
        press(Qt::Key_Right);
        press(Qt::Key_Down);
        QVERIFY(map->chosen() != before && !map->chosen().empty());
        QTRY_VERIFY_WITH_TIMEOUT(page->settled(), minute);

        QVERIFY(tabTo([](QWidget* at) { return qobject_cast<WordStrip*>(at) != nullptr; }));
        auto* const words = qobject_cast<WordStrip*>(QApplication::focusWidget());
        QVERIFY(words->words().size() > 1);
        const auto cls = static_cast<int>(words->words().size());
        press(Qt::Key_Home);
        press(Qt::Key_Space); // not the page's: no film is made
        QVERIFY(words->isCellChosen(cls) && session_->jobs().empty());
        press(Qt::Key_Right);
        press(Qt::Key_Right);
        press(Qt::Key_Return);
        QVERIFY(words->isCellChosen(1));
        QTRY_VERIFY_WITH_TIMEOUT(page->settled(), minute);
        const auto* const readout = window_->findChild<QLabel*>("attentionReadout");
        QVERIFY2(readout->text().startsWith("\"" + words->words()[1]), qPrintable(readout->text()));

        press(Qt::Key_3);
        QCOMPARE(page->view(), AttentionPage::View::Diagonal);
        press(Qt::Key_1);
        QCOMPARE(page->view(), AttentionPage::View::Multiples);
        QTRY_VERIFY_WITH_TIMEOUT(page->settled(), minute);
    }

    void aPictureIsGeneratedAndSaved()
    {
        press(Qt::Key_4, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle() && window_->settled(), minute);
        QVERIFY(tabTo([](QWidget* at) { return at->objectName() == "prompt"; }));
        press(Qt::Key_A, Qt::ControlModifier);
        type("a red circle");
        const QSignalSpy finished(&controllers_->sampling, &Sampling::finished);
        press(Qt::Key_Return);
        QVERIFY(controllers_->sampling.active());
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 2 * minute);
        dialogs_.nextPath = path("painted.png");
        press(Qt::Key_S, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(QFileInfo::exists(dialogs_.nextPath), minute);
        dialogs_.nextPath.clear();
    }

    void aValidationIsStartedAndStopped()
    {
        press(Qt::Key_5, Qt::ControlModifier);
        auto& validating = controllers_->validating;
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle() && window_->settled(), minute);
        const QSignalSpy cancelled(&validating, &Validating::cancelled);
        press(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(validating.active());
        press(Qt::Key_Escape);
        QTRY_COMPARE_WITH_TIMEOUT(cancelled.count(), 1, minute);
        QTRY_VERIFY_WITH_TIMEOUT(!validating.active(), minute);
    }

    void aRunIsTickedAndOpened()
    {
        press(Qt::Key_6, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle() && window_->settled(), minute);
        QVERIFY(tabTo([](QWidget* at) { return at->objectName() == "runsTable"; }));
        auto* const table = qobject_cast<QTableView*>(QApplication::focusWidget());
        press(Qt::Key_Home);
        const auto index = table->model()->index(table->currentIndex().row(), 0);
        const auto before = index.data(Qt::CheckStateRole);
        press(Qt::Key_Space);
        QVERIFY(index.data(Qt::CheckStateRole) != before);
        press(Qt::Key_Return);
        QVERIFY(window_->trainPage()->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
    }

private:
    /// To whatever has the focus.
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier)
    {
        auto* const focus = QApplication::focusWidget();
        QTest::keyClick(focus != nullptr ? focus : window_.get(), key, modifiers);
    }
    static void type(const char* text) { QTest::keyClicks(QApplication::focusWidget(), text); }

    template<typename Wanted>
    bool tabTo(Wanted&& wanted)
    {
        for (int i = 0; i < mostStops; ++i) {
            press(Qt::Key_Tab);
            if (QApplication::focusWidget() != nullptr && wanted(QApplication::focusWidget()))
                return true;
        }
        return false;
    }

    QWidget* currentPage() const { return window_->findChild<QStackedWidget*>("pages")->currentWidget(); }
};

QTEST_MAIN(TestKeyboard)
#include "tst_keyboard.moc"
