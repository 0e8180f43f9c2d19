#include "core/dataset/batch_memory.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <algorithm>
#include <cstdint>
#include <optional>

using namespace nanodit;

class TestBatchMemory : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsGivenBackIsUsedAgain()
    {
        BatchMemory memory;
        std::optional<at::Tensor> first = memory.floats({3, 1000, 7});
        const auto* const place = first->data_ptr();
        first.reset();
        QVERIFY(memory.floats({3, 1000, 7}).data_ptr() == place);
        first = memory.floats({3, 1001, 7}); // captions of one token more
        QVERIFY(first->data_ptr() == place);
        QVERIFY(first->sizes() == at::IntArrayRef({3, 1001, 7}));
    }

    void sizesThatDoNotComeAgainAreGivenUp()
    {
        BatchMemory memory;
        std::size_t most = 0;
        for (std::int64_t size = 1; size <= 40; ++size) { // as buckets and lengths of captions come and go
            const auto one = memory.floats({size, 64, 1024});
            most = std::max(most, memory.bytesHeld());
        }
        const auto largest = std::size_t{40} * 64 * 1024 * sizeof(float);
        QVERIFY(most >= largest && most <= largest / 8 * 9);
        QVERIFY(memory.bytesHeld() <= largest / 8 * 9);
        // Sizes that do come again, in turns and two at a time, stay within what two of the larger take.
        BatchMemory turns;
        for (int i = 0; i < 20; ++i) {
            const auto one = turns.floats({i % 2 == 0 ? 8 : 16, 64, 1024}), two = turns.floats({16, 64, 1024});
            QVERIFY(turns.bytesHeld() <= 2 * (std::size_t{16} * 64 * 1024 * sizeof(float)) / 8 * 9);
        }
    }

    void tensorsOutliveIt()
    {
        at::Tensor kept;
        {
            BatchMemory memory;
            kept = memory.floats({4, 5});
            kept.fill_(3);
        }
        QCOMPARE(kept.sum().item<double>(), 60.0);
    }

    void memoryForAGpuIsPageLocked()
    {
        if (!at::hasCUDA())
            QSKIP("LibTorch can use no GPU here");
        BatchMemory memory(true);
        const auto x = memory.floats({4, 5}).fill_(3);
        QVERIFY(x.is_pinned());
        QCOMPARE(memory.bytesHeld(), std::size_t{0});
    }
};

QTEST_APPLESS_MAIN(TestBatchMemory)
#include "tst_batch_memory.moc"
