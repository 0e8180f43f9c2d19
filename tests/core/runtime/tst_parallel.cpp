#include "core/runtime/parallel.h"
#include "tests/support/few_threads.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace nanodit;

class TestParallel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyIndexIsWorkedOnOnce()
    {
        for (const std::size_t threads : {0U, 1U, 2U, 16U}) {
            for (const std::size_t count : {0U, 1U, 3U, 1000U}) {
                std::vector<std::atomic<int>> visits(count);
                forEachParallel(
                    count, [&](std::size_t i) { ++visits[i]; }, threads);
                for (const auto& visit : visits)
                    QCOMPARE(visit.load(), 1);
            }
        }
    }

    void allIsDoneWhereNoThreadCanBeStarted()
    {
        const test::FewThreads limit(0, std::size_t{1} << 30);
        std::atomic<int> visits = 0;
        forEachParallel(
            50, [&](std::size_t) { ++visits; }, 4);
        QCOMPARE(visits.load(), 50);
    }

    void firstFailureIsRethrownAndNothingFurtherBegun()
    {
        std::atomic<int> begun = 0;
        const auto message = test::errorOf([&] {
            forEachParallel(
                100000,
                [&](std::size_t) {
                    ++begun;
                    throw std::runtime_error("broken");
                },
                4);
        });
        QCOMPARE(message, std::string("broken"));
        QVERIFY(begun <= 4);
    }
};

QTEST_APPLESS_MAIN(TestParallel)
#include "tst_parallel.moc"
