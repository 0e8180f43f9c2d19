#include "core/runtime/error.h"
#include "core/runtime/shared_values.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

/// Counts itself when it goes.
struct Heavy {
    explicit Heavy(std::string itsName, std::atomic<int>& goneOnes)
        : name(std::move(itsName))
        , gone(goneOnes)
    {
    }
    ~Heavy() { ++gone; }
    Heavy(const Heavy&) = delete;
    Heavy& operator=(const Heavy&) = delete;

    std::string name;
    std::atomic<int>& gone;
};

constexpr std::int64_t bytesOfOne = 10;

} // namespace

/// Values that are read once for all who use them, and go when there is no room for what nobody uses.
class TestSharedValues : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { read_ = gone_ = 0; }

    void whoeverAsksForTheSameGetsTheSame()
    {
        SharedValues values(100);
        const auto one = take(values, "a"), two = take(values, "a");
        QCOMPARE(one.get(), two.get());
        QCOMPARE(one->name, std::string("a"));
        QCOMPARE(read_.load(), 1);
        const auto other = take(values, "b");
        QVERIFY(other.get() != one.get());
        QCOMPARE(values.held().values, std::size_t(2));
        QCOMPARE(values.held().used, std::size_t(2));
        QCOMPARE(values.held().bytes, 2 * bytesOfOne);
    }

    void oneKeyMayNameValuesOfTwoTypes()
    {
        SharedValues values(100);
        const auto one = take(values, "a");
        const auto text = values.get<std::string>("a", [] {
            return SharedValues::Loaded<std::string>{.value = std::make_shared<std::string>("text"), .bytes = 1};
        });
        QCOMPARE(*text, std::string("text"));
        QCOMPARE(one->name, std::string("a"));
    }

    void whatNobodyUsesStaysWhileThereIsRoom()
    {
        SharedValues values(2 * bytesOfOne);
        const auto* const first = take(values, "a").get();
        take(values, "b");
        QCOMPARE(gone_.load(), 0);
        QCOMPARE(values.held().used, std::size_t(0));
        QCOMPARE(take(values, "a").get(), first); // which makes b the oldest
        QCOMPARE(read_.load(), 2);

        const auto c = take(values, "c");
        QCOMPARE(gone_.load(), 1);
        QCOMPARE(values.held().bytes, 2 * bytesOfOne);
        const auto a = take(values, "a");
        QCOMPARE(read_.load(), 3); // it was b that went
        const auto b = take(values, "b");
        QCOMPARE(read_.load(), 4);
    }

    void whatIsInUseStaysWhateverTheLimit()
    {
        SharedValues values(0);
        auto used = take(values, "a");
        auto again = take(values, "a");
        take(values, "b");
        QCOMPARE(gone_.load(), 1); // b, as soon as nobody used it
        used.reset();
        QCOMPARE(gone_.load(), 1);
        QCOMPARE(take(values, "a").get(), again.get());
        QCOMPARE(read_.load(), 2);
        QCOMPARE(again->name, std::string("a"));
        again.reset();
        QCOMPARE(gone_.load(), 2);
        QCOMPARE(values.held().values, std::size_t(0));
    }

    void whatIsGivenBackGoesWithItsLastUser()
    {
        SharedValues values(100);
        auto used = take(values, "a");
        take(values, "b");
        values.giveBack();
        QCOMPARE(gone_.load(), 1); // b
        used.reset();
        QCOMPARE(gone_.load(), 2);

        // Who asks for it while it is still there wants it kept.
        used = take(values, "a");
        values.giveBack();
        take(values, "a");
        used.reset();
        QCOMPARE(gone_.load(), 2);
        QCOMPARE(values.held().values, std::size_t(1));
    }

    void aValueOutlivesItsStore()
    {
        auto values = std::make_unique<SharedValues>(100);
        auto used = take(*values, "a");
        take(*values, "b");
        values.reset();
        QCOMPARE(gone_.load(), 1); // b
        QCOMPARE(used->name, std::string("a"));
        used.reset();
        QCOMPARE(gone_.load(), 2);
    }

    void othersMayReadWhileOneIsRead()
    {
        SharedValues values(100);
        std::promise<void> begun, goOn;
        const auto slowly = [&] {
            begun.set_value();
            goOn.get_future().wait();
            return heavy("slow");
        };
        auto first = std::async(std::launch::async, [&] { return values.get<Heavy>("slow", slowly); });
        begun.get_future().wait();
        QCOMPARE(take(values, "quick")->name, std::string("quick")); // is not held up
        auto second = std::async(std::launch::async, [&] { return take(values, "slow"); });
        // It waits for the one that is being read, however long that takes.
        QVERIFY(second.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
        QCOMPARE(values.held().values, std::size_t(1));
        goOn.set_value();
        QCOMPARE(first.get().get(), second.get().get());
        QCOMPARE(read_.load(), 2);
    }

    void whoWaitedForAFailureReadsItself()
    {
        SharedValues values(100);
        std::promise<void> begun, goOn;
        const auto inVain = [&]() -> SharedValues::Loaded<Heavy> {
            begun.set_value();
            goOn.get_future().wait();
            throw DataError("damaged");
        };
        auto first = std::async(std::launch::async, [&] { return errorOf([&] { values.get<Heavy>("a", inVain); }); });
        begun.get_future().wait();
        auto second = std::async(std::launch::async, [&] { return take(values, "a"); });
        goOn.set_value();
        QCOMPARE(first.get(), std::string("damaged"));
        QCOMPARE(second.get()->name, std::string("a"));
        QCOMPARE(read_.load(), 1);
    }

    void manyThreadsMayTakeAndLeave()
    {
        SharedValues values(bytesOfOne);
        std::vector<std::future<bool>> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.push_back(std::async(std::launch::async, [this, &values, thread] {
                bool right = true;
                for (int i = 0; i < 200; ++i) {
                    const auto name = std::string(1, static_cast<char>('a' + (i + thread) % 3));
                    right = right && take(values, name)->name == name;
                }
                return right;
            }));
        }
        for (auto& thread : threads)
            QVERIFY(thread.get());
        QCOMPARE(values.held().used, std::size_t(0));
        QVERIFY(values.held().bytes <= bytesOfOne);
        QCOMPARE(gone_.load() + static_cast<int>(values.held().values), read_.load());
    }

private:
    SharedValues::Loaded<Heavy> heavy(const std::string& name)
    {
        ++read_;
        return {.value = std::make_shared<Heavy>(name, gone_), .bytes = bytesOfOne};
    }
    std::shared_ptr<const Heavy> take(SharedValues& values, const std::string& name)
    {
        return values.get<Heavy>(name, [&] { return heavy(name); });
    }

    std::atomic<int> read_ = 0, gone_ = 0;
};

QTEST_APPLESS_MAIN(TestSharedValues)
#include "tst_shared_values.moc"
