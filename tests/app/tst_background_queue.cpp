#include "app/background_queue.h"
#include "core/runtime/error.h"

#include <QSemaphore>
#include <QTest>
#include <QThread>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace nanodit;

class TestBackgroundQueue : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void answersAtHomeWithWhatWasMadeElsewhere()
    {
        BackgroundQueue queue;
        QThread* workedOn = nullptr;
        QThread* answeredOn = nullptr;
        int answer = 0;
        queue.ask(
            this,
            [&] {
                workedOn = QThread::currentThread();
                return 42;
            },
            [&](int value) {
                answer = value;
                answeredOn = QThread::currentThread();
            });
        QCOMPARE(queue.pending(), 1);
        QTRY_COMPARE_WITH_TIMEOUT(answer, 42, 60000);
        QVERIFY(workedOn != thread());
        QCOMPARE(answeredOn, thread());
        QCOMPARE(queue.pending(), 0);
    }

    void failuresComeAsSentences()
    {
        BackgroundQueue queue;
        std::string message;
        queue.ask(
            this, []() -> int { throw DataError("no such file"); }, [](int) { QFAIL("must not answer"); },
            [&](const Notice& why) { message = why.text; });
        QTRY_COMPARE_WITH_TIMEOUT(message, std::string("no such file"), 60000);
    }

    void whoIsGoneIsNotAnswered()
    {
        BackgroundQueue queue;
        auto asker = std::make_unique<QObject>();
        bool answered = false;
        queue.ask(
            asker.get(), [] { return 1; }, [&](int) { answered = true; });
        asker.reset();
        QTRY_COMPARE_WITH_TIMEOUT(queue.pending(), 0, 60000);
        QVERIFY(!answered);
    }

    void newestFirstTurnsTheOrderAround()
    {
        BackgroundQueue queue(BackgroundQueue::Order::NewestFirst);
        QSemaphore go;
        std::vector<int> order;
        keepBusy(queue, go);
        for (int i = 0; i < 4; ++i)
            queue.ask(
                this, [i] { return i; }, [&](int value) { order.push_back(value); });
        go.release();
        QTRY_COMPARE_WITH_TIMEOUT(queue.pending(), 0, 60000);
        QCOMPARE(order, (std::vector<int>{3, 2, 1, 0}));
    }

    void finishesWhatWaitsBeforeItEndsWhereThatMustNotBeLost()
    {
        QSemaphore go;
        std::vector<int> done;
        std::jthread later;
        {
            BackgroundQueue queue(BackgroundQueue::Order::OldestFirst, BackgroundQueue::AtEnd::Finish);
            keepBusy(queue, go);
            for (int i = 0; i < 3; ++i)
                queue.ask(
                    this, [&done, i] { done.push_back(i); }, [] { QFAIL("must not answer"); });
            later = std::jthread([&go] {
                std::this_thread::sleep_for(std::chrono::milliseconds(50)); // the queue is ending by then
                go.release();
            });
        }
        QCOMPARE(done, (std::vector<int>{0, 1, 2}));
        QCoreApplication::processEvents();
    }

    void forgetsWhatWaits()
    {
        BackgroundQueue queue;
        QSemaphore go;
        keepBusy(queue, go);
        bool answered = false;
        for (int i = 0; i < 10; ++i)
            queue.ask(
                this, [] { return 1; }, [&](int) { answered = true; });
        queue.forgetWaiting();
        go.release();
        QTRY_COMPARE_WITH_TIMEOUT(queue.pending(), 0, 60000);
        QVERIFY(!answered);
    }

private:
    /// The thread of the queue waits for `go` from here on: what is asked meanwhile waits, too.
    void keepBusy(BackgroundQueue& queue, QSemaphore& go)
    {
        const auto begun = std::make_shared<QSemaphore>(); // which the thread may still be leaving below
        queue.ask(
            this,
            [begun, &go] {
                begun->release();
                go.acquire();
            },
            [] {});
        begun->acquire();
    }
};

QTEST_GUILESS_MAIN(TestBackgroundQueue)
#include "tst_background_queue.moc"
