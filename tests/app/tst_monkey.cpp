#include "app/application.h"
#include "app/job_runner.h"
#include "app/pages/train/run_form.h"
#include "app/training.h"
#include "core/front/training.h"
#include "tests/app/window_test.h"

#include <QContextMenuEvent>
#include <QDialog>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QMouseEvent>
#include <QPointer>
#include <QThread>
#include <QWheelEvent>

#include <algorithm>
#include <ctime>
#include <functional>
#include <iterator>
#include <random>
#include <utility>

using namespace nanodit;

namespace {

constexpr int scenes = 20;

double threadMilliseconds()
{
    timespec now = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

/// Measures what each event takes of the window's thread, those that it waits for in loops of its own left out. Time of
/// the processor, not of the wall: other programs on the machine do not count.
class MeasuringApplication : public Application {
public:
    using Application::Application;
    bool notify(QObject* receiver, QEvent* event) override
    {
        if (QThread::currentThread() != thread()) // of the desktop's bus
            return Application::notify(receiver, event);
        const auto type = event->type();
        QByteArray name = receiver->metaObject()->className(); // it may be gone afterwards
        if (const auto* const menu = qobject_cast<QMenu*>(receiver); menu != nullptr && menu->activeAction() != nullptr)
            name += " at \"" + menu->activeAction()->text().toUtf8() + '"';
        const bool styles = receiver->objectName() == QStringLiteral("theme"); // its menu
        const double outer = std::exchange(inside_, 0);
        const double begin = threadMilliseconds();
        const bool result = Application::notify(receiver, event);
        const double took = threadMilliseconds() - begin;
        const double own = took - inside_;
        inside_ = outer + took;
        if (styles) {
            longestStyling = std::max(longestStyling, own);
        } else if (own > longest) {
            longest = own;
            longestWas =
                QStringLiteral("%1 of %2: %3 ms").arg(int(type)).arg(QString::fromUtf8(name)).arg(own, 0, 'f', 1);
        }
        return result;
    }

    double longest = 0;
    QString longestWas;
    double longestStyling = 0; ///< Another theme styles all widgets anew, two thousand of them: told apart.

private:
    double inside_ = 0; ///< Of events within the one that is handled.
};

/// Does whatever comes to its mind to a window: the same for the same seed, as far as jobs let it.
class Monkey : public QObject {
public:
    Monkey(QMainWindow& window, std::uint64_t seed)
        : window_(window)
        , random_(seed)
    {
    }
    void play(int events)
    {
        left_ = events;
        next();
        loop_.exec();
    }
    std::function<void()> beforeEach; ///< Before every event.

private:
    int upTo(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

    /// The next event is on its way before this one happens: it may open a menu with a loop of its own.
    void next()
    {
        if (left_-- <= 0) {
            loop_.quit();
            return;
        }
        QMetaObject::invokeMethod(
            this,
            [this] {
                next();
                beforeEach();
                act();
            },
            Qt::QueuedConnection);
    }

    QWidget* root() const
    {
        if (auto* const popup = QApplication::activePopupWidget())
            return popup;
        if (auto* const modal = QApplication::activeModalWidget())
            return modal;
        return &window_;
    }

    QWidget* anyWidget()
    {
        auto* const top = root();
        QList<QWidget*> shown = {top};
        for (auto* const child : top->findChildren<QWidget*>()) {
            if (child->isVisible() && child->isEnabled() && child->window() == top->window())
                shown << child;
        }
        return shown[upTo(static_cast<int>(shown.size()) - 1)];
    }

    QPoint anyPoint(const QWidget* in)
    {
        return {upTo(std::max(0, in->width() - 1)), upTo(std::max(0, in->height() - 1))};
    }

    void key()
    {
        static constexpr Qt::Key keys[] = {
            Qt::Key_Left,   Qt::Key_Right,  Qt::Key_Up,          Qt::Key_Down,        Qt::Key_Home,
            Qt::Key_End,    Qt::Key_Tab,    Qt::Key_Backtab,     Qt::Key_Space,       Qt::Key_Return,
            Qt::Key_Delete, Qt::Key_Escape, Qt::Key_Backspace,   Qt::Key_PageUp,      Qt::Key_PageDown,
            Qt::Key_1,      Qt::Key_4,      Qt::Key_7,           Qt::Key_9,           Qt::Key_B,
            Qt::Key_E,      Qt::Key_F,      Qt::Key_G,           Qt::Key_H,           Qt::Key_K,
            Qt::Key_L,      Qt::Key_M,      Qt::Key_R,           Qt::Key_S,           Qt::Key_T,
            Qt::Key_X,      Qt::Key_Z,      Qt::Key_BracketLeft, Qt::Key_BracketRight};
        constexpr Qt::KeyboardModifiers modifiers[] = {Qt::NoModifier, Qt::NoModifier, Qt::NoModifier,
                                                       Qt::ShiftModifier, Qt::ControlModifier};
        auto* const focus = QApplication::focusWidget();
        QTest::keyClick(focus != nullptr && focus->isVisible() ? focus : root(),
                        keys[upTo(static_cast<int>(std::size(keys)) - 1)],
                        modifiers[upTo(static_cast<int>(std::size(modifiers)) - 1)]);
    }

    void act()
    {
        if (!window_.isVisible())
            window_.show();
        const int what = upTo(99);
        if (what < 8) {
            QTest::keyClick(&window_, static_cast<Qt::Key>(Qt::Key_1 + upTo(5)), Qt::ControlModifier);
        } else if (what < 38) {
            key();
        } else if (what < 40) {
            window_.resize(1024 + upTo(900), 640 + upTo(440));
        } else if (what < 50) {
            const QPointer<QWidget> over = anyWidget();
            const auto at = anyPoint(over);
            QWheelEvent turn(at, over->mapToGlobal(at), {}, {0, upTo(1) == 0 ? 120 : -120}, Qt::NoButton,
                             Qt::NoModifier, Qt::NoScrollPhase, false);
            QApplication::sendEvent(over, &turn);
        } else {
            const QPointer<QWidget> on = anyWidget();
            const auto button = what > 94 ? Qt::RightButton : Qt::LeftButton;
            const auto at = anyPoint(on);
            mouse(on, QEvent::MouseButtonPress, at, button);
            if (button == Qt::RightButton && on) {
                QContextMenuEvent asked(QContextMenuEvent::Mouse, at, on->mapToGlobal(at));
                QApplication::sendEvent(on, &asked);
            }
            if (what < 55 && on) // a drag
                mouse(on, QEvent::MouseMove, anyPoint(on), button);
            mouse(on, QEvent::MouseButtonRelease, what < 55 && on ? anyPoint(on) : at, button);
            if (what < 60)
                mouse(on, QEvent::MouseButtonDblClick, at, button);
        }
    }

    static void mouse(const QPointer<QWidget>& on, QEvent::Type type, QPoint at, Qt::MouseButton button)
    {
        if (!on) // what came before has closed it
            return;
        QMouseEvent event(type, at, on->mapTo(on->window(), at), on->mapToGlobal(at),
                          type == QEvent::MouseMove ? Qt::NoButton : button,
                          type == QEvent::MouseButtonRelease ? Qt::NoButton : button, Qt::NoModifier);
        QApplication::sendEvent(on, &event);
    }

    QMainWindow& window_;
    std::mt19937_64 random_;
    QEventLoop loop_;
    int left_ = 0;
};

int environmentNumber(const char* name, int otherwise)
{
    bool given = false;
    const int number = qEnvironmentVariableIntValue(name, &given);
    return given ? number : otherwise;
}

} // namespace

/// Events as a monkey would make them, on every page, while jobs run: nothing dies, no slot throws, nothing holds the
/// window up. NANODIT_MONKEY_EVENTS and NANODIT_MONKEY_SEED play another game, and NANODIT_MONKEY_LONGEST is what one
/// event may take of the processor, in ms; a second of it is a window that hangs, on whatever machine.
class TestMonkey : public test::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QApplication::setQuitOnLastWindowClosed(false);
        openDemo(scenes);
    }

    void cleanupTestCase() { closeWindow(); }

    void whateverIsPressedTheWindowLives()
    {
        const int events = environmentNumber("NANODIT_MONKEY_EVENTS", 1000);
        const auto seed = static_cast<std::uint64_t>(environmentNumber("NANODIT_MONKEY_SEED", 1));
        auto* const application = static_cast<MeasuringApplication*>(QCoreApplication::instance());
        QSignalSpy faulted(application, &Application::faulted);
        // What is trained stays small: a model of the monkey's own sizes would take the machine's memory.
        window_->findChild<RunForm*>()->setEnabled(false);
        Monkey monkey(*window_, seed);
        std::mt19937_64 answers(seed);
        int event = 0;
        monkey.beforeEach = [&] {
            dialogs_.nextAnswer = answers() % 2 == 0;
            if (++event % 200 == 1 && !controllers_->training.active())
                train(QStringLiteral("monkey-%1").arg(event));
        };
        application->longest = 0;
        QElapsedTimer clock;
        clock.start();
        monkey.play(events);
        qInfo("%d events in %.1f s; the longest: %s; another theme: %.0f ms", events,
              static_cast<double>(clock.elapsed()) / 1000, qPrintable(application->longestWas),
              application->longestStyling);
        while (auto* const popup = QApplication::activePopupWidget())
            popup->close();
        session_->stopAllJobs();
        QTRY_VERIFY_WITH_TIMEOUT(session_->jobs().empty(), 2 * minute);
        for (const auto& fault : faulted)
            qWarning("thrown: %s", fault[0].value<Notice>().text.c_str());
        QCOMPARE(faulted.count(), 0);
        QVERIFY2(application->longest < environmentNumber("NANODIT_MONKEY_LONGEST", 1000),
                 qPrintable(application->longestWas));
        QVERIFY(application->longestStyling < 10000);
    }

private:
    /// Of a few thousand parameters, with pictures in between.
    void train(const QString& name)
    {
        auto config = readTrainConfig(configurationFile("demo"));
        config.model.hiddenSize = 64;
        config.model.depth = 2;
        config.model.numHeads = 2;
        config.data.batchSize = 4;
        config.schedule.steps = 100000;
        config.previews.every = 50;
        config.previews.count = 1;
        config.previews.samplerSteps = 2;
        controllers_->training.start(config, name, false);
    }
};

int main(int argc, char** argv)
{
    MeasuringApplication application(argc, argv);
    TestMonkey test;
    QTEST_SET_MAIN_SOURCE_PATH
    return QTest::qExec(&test, argc, argv);
}
#include "tst_monkey.moc"
