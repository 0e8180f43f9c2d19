#include "core/runtime/error.h"
#include "core/validate/bootstrap.h"

#include <QTest>

#include <random>
#include <vector>

using namespace nanodit;

class TestBootstrap : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// 300 samples of 40 normal values: the interval of 90 % should hold the true mean in about 270 of them.
    void holdsTheTrueMeanAboutAsOftenAsItSays()
    {
        std::mt19937 random(5);
        std::normal_distribution<double> normal(3, 2);
        int held = 0;
        for (std::uint64_t trial = 0; trial < 300; ++trial) {
            std::vector<double> values(40);
            for (auto& value : values)
                value = normal(random);
            const auto interval = bootstrapInterval(values, 0.9, trial, 400);
            held += interval.low <= 3 && 3 <= interval.high;
        }
        QVERIFY2(held > 250 && held < 288, std::to_string(held).c_str());
    }

    void isTheSameForTheSameSeed()
    {
        const std::vector<double> values{1, 5, 2, 8, 3};
        const auto a = bootstrapInterval(values), b = bootstrapInterval(values);
        QCOMPARE(a.low, b.low);
        QCOMPARE(a.high, b.high);
        QVERIFY(a.low < 3.8 && 3.8 < a.high);
    }

    void ofOneValueIsThatValue()
    {
        const std::vector<double> values{7};
        QCOMPARE(bootstrapInterval(values).low, 7.0);
        QCOMPARE(bootstrapInterval(values).high, 7.0);
    }

    void refusesNothing()
    {
        QVERIFY_EXCEPTION_THROWN(bootstrapInterval({}), UsageError);
        const std::vector<double> values{7};
        QVERIFY_EXCEPTION_THROWN(bootstrapInterval(values, 1.0), UsageError);
    }
};

QTEST_APPLESS_MAIN(TestBootstrap)
#include "tst_bootstrap.moc"
