#include "core/validate/weights_agreement.h"

#include <QtTest/QTest>

#include <cmath>
#include <limits>

using namespace nanodit;

namespace {
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
} // namespace

class TestWeightsAgreement : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theDifferenceIsAMeanOfShares()
    {
        const auto difference = weightsDifference({{"reconstruction/ssim", 0.5},
                                                   {"raw/reconstruction/ssim", 0.4}, // 0.2 of the larger
                                                   {"text_only/layout_error", 30},
                                                   {"raw/text_only/layout_error", 50}, // 0.4
                                                   {"text_only/same", 0.0},
                                                   {"raw/text_only/same", 0.0}, // 0
                                                   {"text_only/alone", 1},      // of the average only
                                                   {"raw/dino_swap/alone", 1},  // of raw weights only
                                                   {"text_only/none", notANumber},
                                                   {"raw/text_only/none", 1}});
        QVERIFY(difference.has_value());
        QVERIFY(std::abs(*difference - 0.2) < 1e-12);
        QCOMPARE(weightsDifference({{"a/b", 1}, {"raw/a/b", -1}}).value_or(0), 1.0);
        QVERIFY(!weightsDifference({}));
        QVERIFY(!weightsDifference({{"a/b", 1}, {"a/c", 2}}));
    }

    void agreementIsBelowTheLimitAndNeverWithoutOne()
    {
        const EventFile::Scalars near = {{"a/b", 100}, {"raw/a/b", 98}}, same = {{"a/b", 1}, {"raw/a/b", 1}};
        QVERIFY(WeightsAgreement{.limit = 0.05}.reached(near));
        QVERIFY(!WeightsAgreement{.limit = 0.01}.reached(near));
        QVERIFY(WeightsAgreement{.limit = 0.01}.reached(same));
        QVERIFY(!WeightsAgreement{}.reached(same));
        QVERIFY(!WeightsAgreement{.limit = 1}.reached({{"a/b", 1}})); // nothing to compare it with
    }

    void onceIsEnough()
    {
        std::vector<ValidationMeans> validations = {{.step = 10, .means = {{"a/b", 2}, {"raw/a/b", 1}}}};
        const WeightsAgreement agreement{.limit = 0.05};
        QVERIFY(!agreement.reachedIn({}));
        QVERIFY(!agreement.reachedIn(validations));
        validations.push_back({.step = 20, .means = {{"a/b", 2}, {"raw/a/b", 2}}});
        validations.push_back({.step = 30, .means = {{"a/b", 3}}});
        QVERIFY(agreement.reachedIn(validations));
    }
};

QTEST_APPLESS_MAIN(TestWeightsAgreement)
#include "tst_weights_agreement.moc"
