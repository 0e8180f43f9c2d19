#include "core/model/gradients.h"
#include "core/model/recompute.h"
#include "core/train/gradient_reducer.h"
#include "tests/support/rank_room.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QtTest/QTest>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

/// Four parameters of different shapes, the same on every rank.
Parameters makeParameters()
{
    Parameters parameters;
    std::int64_t number = 0;
    for (const auto& shape : std::vector<std::vector<std::int64_t>>{{3, 4}, {5}, {2, 2, 2}, {7}}) {
        const auto elements = at::arange(shape.size() == 1 ? shape[0] : (shape.size() == 2 ? 12 : 8), at::kFloat);
        parameters.push_back({.name = "p" + std::to_string(number),
                              .value = (elements.view(shape) * 0.37 + 0.1 * static_cast<double>(number + 1))
                                           .detach()
                                           .set_requires_grad(true)});
        ++number;
    }
    return parameters;
}

constexpr std::int64_t each = 1, all = std::int64_t{1} << 30; ///< Bytes of a bucket for one parameter, and for all.

/// Gives every parameter but those of the places in `without` a gradient that depends on rank and number.
at::Tensor lossOf(const Parameters& parameters, std::int64_t number, const std::vector<std::size_t>& without = {})
{
    auto loss = at::zeros({});
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (std::find(without.begin(), without.end(), i) == without.end())
            loss = loss + (parameters[i].value * (0.3 + 0.11 * static_cast<double>(number))).sin().sum();
    }
    return loss;
}

using Gradients = std::vector<at::Tensor>;

Gradients gradientsOf(const Parameters& parameters)
{
    Gradients gradients;
    for (const auto& parameter : parameters)
        gradients.push_back(parameter.value.grad().clone());
    return gradients;
}

/// Gives each rank a thread, its parameters, and what it reduces with.
using Work = std::function<Gradients(std::int64_t rank, const Parameters&, GradientReducer&)>;

std::vector<Gradients> onRanks(std::int64_t ranks, std::int64_t bytes, const Work& work)
{
    RankRoom room(ranks);
    std::vector<Gradients> gradients(static_cast<std::size_t>(ranks));
    std::vector<std::jthread> threads;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
        threads.emplace_back([&, rank] {
            const auto parameters = makeParameters();
            GradientReducer reducer(parameters, std::make_shared<RankRoom::Seat>(room, rank),
                                    {.first = bytes, .others = bytes});
            gradients[static_cast<std::size_t>(rank)] = work(rank, parameters, reducer);
        });
    }
    threads.clear();
    return gradients;
}

/// Whether every rank has what adding up over the ranks afterwards gives, to the last bit; `passes` makes a rank's own.
bool areSums(const std::vector<Gradients>& found,
             const std::function<void(std::int64_t rank, const Parameters&)>& passes)
{
    Gradients sums;
    for (std::size_t rank = 0; rank < found.size(); ++rank) {
        const auto parameters = makeParameters();
        passes(static_cast<std::int64_t>(rank), parameters);
        completeGradients(parameters);
        const auto own = gradientsOf(parameters);
        for (std::size_t i = 0; i < own.size(); ++i) {
            if (rank == 0)
                sums.push_back(own[i]);
            else
                sums[i].add_(own[i]);
        }
    }
    for (const auto& gradients : found) {
        for (std::size_t i = 0; i < sums.size(); ++i) {
            if (!at::equal(gradients.at(i), sums[i]))
                return false;
        }
    }
    return true;
}

} // namespace

class TestGradientReducer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void groupsFromTheLastParameterToTheFirst()
    {
        RankRoom room(2);
        const auto seat = std::make_shared<RankRoom::Seat>(room, 0);
        const auto parameters = makeParameters(); // of 12, 5, 8 and 7 floats
        QCOMPARE(GradientReducer(parameters, seat, {.first = each, .others = each}).buckets(), std::size_t{4});
        QCOMPARE(GradientReducer(parameters, seat, {.first = all, .others = all}).buckets(), std::size_t{1});
        // 7; then 8 and 5, as 12 more would be too many
        QCOMPARE(GradientReducer(parameters, seat, {.first = 4 * 7, .others = 4 * 13}).buckets(), std::size_t{3});
        QCOMPARE(GradientReducer(parameters, seat).buckets(), std::size_t{1});
    }

    void sumsAreThoseOfAddingUpAfterwards_data()
    {
        QTest::addColumn<int>("ranks");
        QTest::addColumn<int>("passes");
        QTest::addColumn<bool>("early");
        for (const int ranks : {2, 3}) {
            for (const int passes : {1, 3}) {
                for (const bool early : {false, true})
                    QTest::addRow("%d ranks, %d passes, %s", ranks, passes, early ? "one by one" : "all at once")
                        << ranks << passes << early;
            }
        }
    }
    void sumsAreThoseOfAddingUpAfterwards()
    {
        QFETCH(int, ranks);
        QFETCH(int, passes);
        QFETCH(bool, early);
        const auto pass = [](std::int64_t rank, int number, const Parameters& parameters) {
            lossOf(parameters, rank + 10 * number).backward();
        };
        std::vector<std::size_t> begunEarly(static_cast<std::size_t>(ranks));
        const auto found = onRanks(ranks, early ? each : all,
                                   [&](std::int64_t rank, const Parameters& parameters, GradientReducer& reducer) {
                                       for (int step = 0; step < 2; ++step) { // the second as the first
                                           clearGradients(parameters);
                                           for (int number = 0; number < passes; ++number) {
                                               if (number + 1 == passes)
                                                   reducer.expectLastPass();
                                               pass(rank, number, parameters);
                                           }
                                           begunEarly[static_cast<std::size_t>(rank)] = reducer.begunEarly();
                                           reducer.finish();
                                       }
                                       return gradientsOf(parameters);
                                   });
        QVERIFY(areSums(found, [&](std::int64_t rank, const Parameters& parameters) {
            for (int number = 0; number < passes; ++number)
                pass(rank, number, parameters);
        }));
        for (const auto count : begunEarly) // all gradients arrive in the pass
            QCOMPARE(count, early ? std::size_t{4} : std::size_t{1});
    }

    void passesBeforeTheLastSendNothing()
    {
        RankRoom room(2);
        const auto seat = std::make_shared<RankRoom::Seat>(room, 0);
        const auto parameters = makeParameters();
        GradientReducer reducer(parameters, seat, {.first = each, .others = each});
        lossOf(parameters, 1).backward();
        QCOMPARE(seat->begun(), 0);
        reducer.expectLastPass();
        lossOf(parameters, 2).backward();
        QCOMPARE(seat->begun(), 4);
    }

    void whatAPassHidIsMeasured()
    {
        std::vector<double> hidden(4);
        for (const bool early : {false, true}) {
            onRanks(2, each, [&](std::int64_t rank, const Parameters& parameters, GradientReducer& reducer) {
                if (early)
                    reducer.expectLastPass();
                lossOf(parameters, rank).backward();
                std::this_thread::sleep_for(std::chrono::milliseconds(20)); // as if the pass went on
                reducer.finish();
                hidden[static_cast<std::size_t>(rank + (early ? 2 : 0))] = reducer.hiddenShare();
                return gradientsOf(parameters);
            });
        }
        for (std::size_t rank = 0; rank < 2; ++rank) {
            QCOMPARE(hidden[rank], 0.0); // all of it came after the pass
            QVERIFY(hidden[2 + rank] > 0 && hidden[2 + rank] <= 1);
        }
    }

    void aParameterWithoutAGradientHoldsNothingUp_data()
    {
        QTest::addColumn<bool>("everywhere");
        QTest::newRow("on one rank") << false;
        QTest::newRow("on all") << true;
    }
    void aParameterWithoutAGradientHoldsNothingUp()
    {
        QFETCH(bool, everywhere);
        const auto pass = [everywhere](std::int64_t rank, const Parameters& parameters) {
            lossOf(parameters, rank,
                   everywhere || rank == 1 ? std::vector<std::size_t>{1, 2} : std::vector<std::size_t>{})
                .backward();
        };
        const auto found =
            onRanks(2, each, [&](std::int64_t rank, const Parameters& parameters, GradientReducer& reducer) {
                reducer.expectLastPass();
                pass(rank, parameters);
                completeGradients(parameters);
                reducer.finish();
                return gradientsOf(parameters);
            });
        QVERIFY(areSums(found, pass));
    }

    void whatGotNoGradientInAStepIsNotWaitedForInTheNext_data()
    {
        QTest::addColumn<int>("steps");
        for (int steps = 1; steps <= 6; ++steps)
            QTest::addRow("%d steps", steps) << steps;
    }
    void whatGotNoGradientInAStepIsNotWaitedForInTheNext()
    {
        QFETCH(int, steps);
        // Gradients arrive from the last parameter to the first; that of number 2 comes in some steps only.
        const std::vector<bool> comes = {false, false, true, false, true, false};
        const std::vector<bool> again = {false, false, true, false, false, false}; // it came unexpected once
        const std::vector<std::size_t> early = {1, 4, 4, 1, 4, 1};
        const auto pass = [&comes](int step, std::int64_t rank, const Parameters& parameters) {
            const bool withIt = comes[static_cast<std::size_t>(step)];
            lossOf(parameters, rank + 10 * step, withIt ? std::vector<std::size_t>{} : std::vector<std::size_t>{2})
                .backward();
        };
        std::vector<std::vector<bool>> sentAgain(2);
        std::vector<std::vector<std::size_t>> begunEarly(2);
        const auto found =
            onRanks(2, each, [&](std::int64_t rank, const Parameters& parameters, GradientReducer& reducer) {
                for (int step = 0; step < steps; ++step) {
                    clearGradients(parameters);
                    reducer.expectLastPass();
                    pass(step, rank, parameters);
                    completeGradients(parameters);
                    begunEarly[static_cast<std::size_t>(rank)].push_back(reducer.begunEarly());
                    reducer.finish();
                    sentAgain[static_cast<std::size_t>(rank)].push_back(reducer.sentAgain());
                }
                return gradientsOf(parameters);
            });
        QVERIFY(areSums(found, [&pass, steps](std::int64_t rank, const Parameters& parameters) {
            pass(steps - 1, rank, parameters);
        }));
        for (std::size_t rank = 0; rank < 2; ++rank) {
            for (std::size_t step = 0; step < static_cast<std::size_t>(steps); ++step) {
                QCOMPARE(begunEarly[rank][step], early[step]);
                QVERIFY(sentAgain[rank][step] == again[step]);
            }
        }
    }

    void aPassBeforeTheLastGivesAGradientThatTheLastDoesNot()
    {
        const auto pass = [](std::int64_t rank, const Parameters& parameters, GradientReducer* reducer) {
            lossOf(parameters, rank).backward();
            if (reducer != nullptr)
                reducer->expectLastPass();
            lossOf(parameters, rank + 10, {1, 2}).backward();
        };
        std::vector<std::size_t> begunEarly(2);
        const auto found =
            onRanks(2, each, [&](std::int64_t rank, const Parameters& parameters, GradientReducer& reducer) {
                for (int step = 0; step < 2; ++step) {
                    clearGradients(parameters);
                    pass(rank, parameters, &reducer);
                    begunEarly[static_cast<std::size_t>(rank)] = reducer.begunEarly();
                    reducer.finish();
                }
                return gradientsOf(parameters);
            });
        QVERIFY(areSums(found,
                        [&pass](std::int64_t rank, const Parameters& parameters) { pass(rank, parameters, nullptr); }));
        for (const auto count : begunEarly)
            QCOMPARE(count, std::size_t{4});
    }

    void aRankWithoutALastPassTakesPart()
    {
        const auto pass = [](std::int64_t rank, const Parameters& parameters) {
            if (rank != 1)
                lossOf(parameters, rank).backward();
        };
        const auto found =
            onRanks(3, each, [&](std::int64_t rank, const Parameters& parameters, GradientReducer& reducer) {
                for (int step = 0; step < 2; ++step) {
                    clearGradients(parameters);
                    if (rank != 1)
                        reducer.expectLastPass();
                    pass(rank, parameters);
                    completeGradients(parameters);
                    reducer.finish();
                }
                return gradientsOf(parameters);
            });
        QVERIFY(areSums(found, pass));
    }

    void aGradientThatComesInPartsIsWhole()
    {
        // Recomputed pieces, which both use the last parameter: its gradient comes from each of them by itself.
        const auto pass = [](std::int64_t rank, const Parameters& parameters) {
            const auto piece = [&parameters](const std::vector<at::Tensor>& in) {
                return (in[0] * parameters[3].value).sin();
            };
            auto x = (parameters[1].value.sum() * (0.2 + 0.1 * static_cast<double>(rank))).expand({7});
            for (int i = 0; i < 3; ++i)
                x = recomputed(piece, {x});
            (x.sum() + parameters[0].value.sum() + parameters[2].value.sum()).backward();
        };
        std::vector<std::vector<bool>> again(2);
        const auto found =
            onRanks(2, each, [&](std::int64_t rank, const Parameters& parameters, GradientReducer& reducer) {
                Gradients first;
                for (int step = 0; step < 3; ++step) {
                    clearGradients(parameters);
                    reducer.expectLastPass();
                    pass(rank, parameters);
                    completeGradients(parameters);
                    reducer.finish();
                    again[static_cast<std::size_t>(rank)].push_back(reducer.sentAgain());
                    if (step == 0)
                        first = gradientsOf(parameters);
                }
                return rank == 0 ? first : gradientsOf(parameters);
            });
        QVERIFY(areSums(found, pass));
        for (const auto& rank : again)
            QVERIFY((rank == std::vector<bool>{true, false, false})); // what was learnt in the first step holds
    }

    void aReducerLeavesItsParametersAlone()
    {
        RankRoom room(2);
        const auto seat = std::make_shared<RankRoom::Seat>(room, 0);
        const auto parameters = makeParameters();
        {
            GradientReducer reducer(parameters, seat, {.first = each, .others = each});
            reducer.expectLastPass();
        }
        lossOf(parameters, 1).backward();
        QCOMPARE(seat->begun(), 0);
    }
};

QTEST_APPLESS_MAIN(TestGradientReducer)
#include "tst_gradient_reducer.moc"
