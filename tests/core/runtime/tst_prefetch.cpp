#include "core/runtime/prefetch.h"
#include "tests/support/few_threads.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <atomic>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>

using namespace nanodit;
using nanodit::test::FewThreads;

class TestPrefetch : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itemsComeInOrderHoweverLongTheyTake()
    {
        for (const std::size_t threads : {1U, 4U}) {
            Prefetch<int> items(
                200,
                [](std::size_t i) {
                    std::mt19937 random(static_cast<unsigned>(i));
                    std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
                    return static_cast<int>(i) * 3;
                },
                threads, 7);
            for (int i = 0; i < 200; ++i)
                QCOMPARE(items.take(), i * 3);
        }
    }

    void neverMoreThanAskedAreAhead()
    {
        std::atomic<int> made = 0;
        std::atomic<int> taken = 0;
        std::atomic<int> most = 0;
        Prefetch<int> items(
            100,
            [&](std::size_t) {
                const int ahead = ++made - taken;
                int known = most;
                while (known < ahead && !most.compare_exchange_weak(known, ahead)) {
                }
                return 0;
            },
            4, 5);
        for (int i = 0; i < 100; ++i) {
            items.take();
            ++taken;
        }
        QVERIFY2(most <= 6, std::to_string(most).c_str()); // one more: taken is counted after take
    }

    void failureReachesTheOneWhoTakesTheItem()
    {
        Prefetch<int> items(
            3,
            [](std::size_t i) -> int {
                if (i == 1)
                    throw std::runtime_error("item 1 is broken");
                return static_cast<int>(i);
            },
            2, 2);
        QCOMPARE(items.take(), 0);
        QCOMPARE(test::errorOf([&] { items.take(); }), std::string("item 1 is broken"));
        QCOMPARE(items.take(), 2);
    }

    void waitingForAnItemCanBeGivenUp()
    {
        std::atomic<bool> goOn = false;
        Prefetch<int> items(
            2,
            [&goOn](std::size_t) {
                while (!goOn)
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                return 1;
            },
            1, 1);
        int asked = 0;
        QVERIFY(!items.takeUnless([&asked] { return ++asked == 2; }));
        goOn = true;
        QCOMPARE(items.take(), 1);
        QVERIFY(!items.takeUnless([] { return true; })); // also when it is there
        QCOMPARE(items.take(), 1);
    }

    void goesOnWithTheThreadsThatCanBeStarted()
    {
        constexpr std::size_t stack = 1 << 30;
        const FewThreads limit(2, stack); // of four
        Prefetch<int> items(
            50, [](std::size_t i) { return static_cast<int>(i); }, 4, 5);
        for (int i = 0; i < 50; ++i)
            QCOMPARE(items.take(), i);
    }

    void saysThatNoThreadCanBeStarted()
    {
        const FewThreads limit(0, 1 << 30);
        const auto message = test::errorOf([] {
            Prefetch<int>(
                1, [](std::size_t) { return 1; }, 2, 1);
        });
        QVERIFY2(message.starts_with("no thread can be started"), message.c_str());
    }

    void canBeLeftAtAnyMoment()
    {
        for (int taken = 0; taken < 20; ++taken) {
            Prefetch<std::string> items(
                1000, [](std::size_t i) { return std::string(100, static_cast<char>('a' + i % 26)); }, 3, 4);
            for (int i = 0; i < taken; ++i)
                items.take();
        }
    }
};

QTEST_APPLESS_MAIN(TestPrefetch)
#include "tst_prefetch.moc"
