#include "core/sample/branches.h"
#include "core/sample/solver.h"
#include "tests/support/tensor_difference.h"

#include <QtTest/QTest>

#include <algorithm>
#include <cmath>
#include <functional>

using namespace nanodit;
using nanodit::test::difference;

namespace {
const SolverObserver goOn = [](const SolverStep&) { return true; };
} // namespace

class TestSolver : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void timesRunFromNoiseToImage()
    {
        const auto plain = flowTimes(4, 1);
        QCOMPARE(plain, (std::vector<float>{1.0F, 0.75F, 0.5F, 0.25F, 0.0F}));
        const auto shifted = flowTimes(4, 3);
        QCOMPARE(shifted.front(), 1.0F);
        QCOMPARE(shifted.back(), 0.0F);
        QCOMPARE(shifted[2], 0.75F); // 3 / 2 / (1 + 2 / 2)
    }

    void timesFromThePictureOnEndAtIt()
    {
        QCOMPARE(flowTimesFrom(1, 5, 3), flowTimes(5, 3));
        const auto times = flowTimesFrom(0.6, 3, 2);
        QCOMPARE(times.size(), std::size_t{4});
        QVERIFY(std::abs(times.front() - 0.6F) < 1e-6);
        QCOMPARE(times.back(), 0.0F);
        QVERIFY(std::ranges::is_sorted(times, std::greater<>{}));
    }

    void solversAreExactWhereTheyMustBe()
    {
        // The straight flow of one image: v = noise - x0, so every solver lands on x0, from its first estimate on.
        const auto x0 = at::randn({1, 2, 3, 3}), noise = at::randn({1, 2, 3, 3});
        for (const auto solver : {Solver::Euler, Solver::Heun, Solver::Multistep}) {
            const auto end = solve(
                solver, [&](const at::Tensor&, float) { return noise - x0; }, noise, flowTimes(7, 2),
                [&x0](const SolverStep& s) { return s.step == 0 || difference(s.image, x0) < 1e-5; });
            QVERIFY(end && difference(*end, x0) < 1e-5);
        }
        // dx/dt = x from t = 1 to 0 divides by e; the second order shows.
        const auto one = at::ones({1, 1, 1, 1});
        const auto error = [&one](Solver solver, int steps) {
            const auto end = solve(
                solver, [](const at::Tensor& x, float) { return x; }, one, flowTimes(steps, 1), goOn);
            return std::abs(end->item<double>() - std::exp(-1.0));
        };
        QVERIFY(error(Solver::Euler, 40) < 0.55 * error(Solver::Euler, 20));
        QVERIFY(error(Solver::Heun, 40) < 0.3 * error(Solver::Heun, 20));
        QVERIFY(error(Solver::Heun, 20) < 0.1 * error(Solver::Euler, 20));
    }

    void solversHaveTheirOrderOnAFlowWithAKnownEnd()
    {
        // Pictures are normal with mean m and deviation s, so that x_t = (1 - t) m + sqrt((1 - t)^2 s^2 + t^2) z along
        // a path, and the velocity is its derivative by t.
        const double m = 0.7, s = 0.3, z = 1.3;
        const auto velocity = [=](const at::Tensor& x, float at) {
            const double t = at, variance = (1 - t) * (1 - t) * s * s + t * t;
            return -m + (t - (1 - t) * s * s) / variance * (x - (1 - t) * m);
        };
        const auto error = [&](Solver solver, int steps) {
            const auto end = solve(solver, velocity, at::full({1, 1, 1, 1}, z, at::kDouble), flowTimes(steps, 1), goOn);
            return std::abs(end->item<double>() - (m + s * z));
        };
        const auto order = [&](Solver solver) { return std::log2(error(solver, 160) / error(solver, 320)); };
        QVERIFY2(std::abs(order(Solver::Euler) - 1) < 0.2, qPrintable(QString::number(order(Solver::Euler))));
        QVERIFY2(std::abs(order(Solver::Heun) - 2) < 0.3, qPrintable(QString::number(order(Solver::Heun))));
        // Its first two steps and its last are of first order, and steps in log((1 - t) / t) do not shrink at the ends.
        QVERIFY2(order(Solver::Multistep) > 1.6, qPrintable(QString::number(order(Solver::Multistep))));
        QVERIFY(error(Solver::Multistep, 20) < 0.5 * error(Solver::Euler, 20)); // for as many evaluations
    }

    void stepsThatStandStillLeaveNoTraceInThoseAfterThem()
    {
        // Pictures as above, with a velocity that is zero in the first steps, as that of CFG-Zero*: what begins to move
        // at t = 0.96 is a path of the flow, whose end is known.
        const double m = 0.7, s = 0.3, begin = 0.96, noise = 1.3;
        const auto deviation = [=](double t) { return std::sqrt((1 - t) * (1 - t) * s * s + t * t); };
        const auto velocity = [=](const at::Tensor& x, float at) {
            const double t = at;
            if (t > begin + 1e-4)
                return at::zeros_like(x);
            return -m + (t - (1 - t) * s * s) / (deviation(t) * deviation(t)) * (x - (1 - t) * m);
        };
        const auto start = at::full({1, 1, 1, 1}, noise, at::kDouble);
        const double expected = m + s * (noise - (1 - begin) * m) / deviation(begin);
        for (const auto solver : {Solver::Euler, Solver::Heun, Solver::Multistep}) {
            const auto times = flowTimes(100, 1); // four steps stand still
            const auto whole = solve(solver, velocity, start, times, goOn);
            const auto rest = solve(solver, velocity, start, {times.begin() + 4, times.end()}, goOn);
            QCOMPARE(difference(*whole, *rest), 0.0);
        }
        const auto order = [&](Solver solver) {
            const auto error = [&](int steps) {
                return std::abs(solve(solver, velocity, start, flowTimes(steps, 1), goOn)->item<double>() - expected);
            };
            return std::log2(error(200) / error(400));
        };
        QVERIFY2(std::abs(order(Solver::Heun) - 2) < 0.3, qPrintable(QString::number(order(Solver::Heun))));
        QVERIFY2(order(Solver::Multistep) > 1.6, qPrintable(QString::number(order(Solver::Multistep))));
    }

    void stopsWithinAStep()
    {
        int evaluations = 0;
        const auto velocity = [&evaluations](const at::Tensor& x, float) {
            ++evaluations;
            return x;
        };
        const auto noise = at::ones({1, 1, 1, 1});
        QVERIFY(
            !solve(Solver::Euler, velocity, noise, flowTimes(10, 1), [](const SolverStep& s) { return s.step < 3; }));
        QCOMPARE(evaluations, 3);
        QVERIFY(!solve(Solver::Euler, velocity, noise, flowTimes(10, 1), [](const SolverStep&) { return false; }));
        QCOMPARE(evaluations, 3);
        const auto stopped = [](const at::Tensor&, float) -> at::Tensor { throw EvaluationStopped(); };
        QVERIFY(!solve(Solver::Heun, stopped, noise, flowTimes(10, 1), goOn));
    }
};

QTEST_APPLESS_MAIN(TestSolver)
#include "tst_solver.moc"
