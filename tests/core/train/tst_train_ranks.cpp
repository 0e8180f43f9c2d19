#include "core/train/collective.h"
#include "core/train/launcher.h"
#include "core/train/trainer.h"
#include "tests/support/another_process.h"
#include "tests/support/rank_room.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QtTest/QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr std::int64_t textTokens = 8;

TrainConfig configOf(std::int64_t accumulation, bool checkpointing = false, bool bf16 = false)
{
    TrainConfig config;
    config.model = tinyModelConfig();
    config.optimiser.lr = 3e-3;
    config.optimiser.accumulation = accumulation;
    config.schedule = {.steps = 1000, .warmupSteps = 2, .decay = Decay::Cosine};
    config.checkpointing = checkpointing;
    config.precision = bf16 ? Precision::Bf16 : Precision::Float32;
    config.ema.decay = 0.9;
    config.seed = 5;
    return config;
}

/// The batches of one process alone, by number.
Batch batchNumber(std::int64_t number)
{
    static std::mutex mutex;
    const std::lock_guard lock(mutex); // it sets the seed of the whole process
    return randomBatch(tinyModelConfig(), 2, static_cast<std::uint64_t>(1 + number));
}

/// What the loader of a rank gives.
class Source {
public:
    Source(std::int64_t rank, std::int64_t ranks, std::int64_t spoilt = -1)
        : next_(rank)
        , ranks_(ranks)
        , spoilt_(spoilt)
    {
    }
    Batch operator()()
    {
        auto batch = batchNumber(next_);
        if (next_ == spoilt_)
            batch.latent.fill_(std::numeric_limits<float>::quiet_NaN());
        next_ += ranks_;
        batch.position = next_;
        return batch;
    }

private:
    std::int64_t next_, ranks_, spoilt_;
};

struct Course {
    std::vector<StepMetrics> metrics;
    TensorMap model, ema;
};

TensorMap copied(const TensorMap& tensors)
{
    TensorMap copy;
    for (const auto& [name, tensor] : tensors)
        copy.emplace(name, tensor.clone());
    return copy;
}

Course courseOf(Trainer& trainer, Source source, std::int64_t steps)
{
    Course course;
    for (std::int64_t i = 0; i < steps; ++i)
        course.metrics.push_back(*trainer.step(std::ref(source)));
    course.model = copied(trainer.tensors().model);
    course.ema = copied(trainer.tensors().ema);
    return course;
}

std::vector<Course> coursesOfRanks(std::int64_t ranks, const TrainConfig& config, std::int64_t steps,
                                   std::int64_t spoilt = -1, const BucketSizes& buckets = {})
{
    RankRoom room(ranks);
    std::vector<Course> courses(static_cast<std::size_t>(ranks));
    std::vector<std::jthread> threads;
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
        threads.emplace_back([&, rank] {
            Trainer trainer(config, textTokens, {.device = at::kCPU, .precision = config.precision, .threads = 1},
                            std::make_shared<RankRoom::Seat>(room, rank), buckets);
            for (const auto& parameter : trainer.parameters()) // what rank 0 has takes the place of these
                parameter.value.detach().add_(static_cast<double>(rank));
            trainer.takeStateOfFirst();
            courses[static_cast<std::size_t>(rank)] = courseOf(trainer, Source(rank, ranks, spoilt), steps);
        });
    }
    threads.clear();
    return courses;
}

double largestDifference(const TensorMap& a, const TensorMap& b)
{
    double largest = a.size() == b.size() ? 0 : 1;
    for (const auto& [name, tensor] : a) {
        const auto off = (tensor - b.at(name)).abs().max().item<double>();
        if (std::isnan(off)) // which std::max would pass over
            return off;
        largest = std::max(largest, off);
    }
    return largest;
}

} // namespace

class TestTrainRanks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void attentionIsMeasuredByTheRankThatRecordsIt()
    {
        auto config = configOf(1);
        config.metrics.attentionEvery = 2;
        const auto courses = coursesOfRanks(2, config, 2);
        QVERIFY(courses[0].metrics[0].attention.empty());
        QCOMPARE(courses[0].metrics[1].attention.size(), std::size_t{2}); // blocks
        QVERIFY(courses[1].metrics[1].attention.empty());
    }

    void twoRanksMakeTheStepsOfOneThatAccumulates_data()
    {
        QTest::addColumn<int>("ranks");
        QTest::addColumn<int>("accumulation");
        QTest::addColumn<bool>("checkpointing");
        QTest::addColumn<bool>("bf16");
        QTest::addColumn<bool>("otherLosses");
        QTest::newRow("2 ranks") << 2 << 1 << false << false << false;
        QTest::newRow("3 ranks, accumulated") << 3 << 2 << false << false << false;
        QTest::newRow("recomputed") << 2 << 2 << true << false << false;
        QTest::newRow("bf16") << 2 << 1 << false << true << false;
        QTest::newRow("internal head and alignment") << 2 << 2 << false << false << true;
    }
    void twoRanksMakeTheStepsOfOneThatAccumulates()
    {
        QFETCH(int, ranks);
        QFETCH(int, accumulation);
        QFETCH(bool, checkpointing);
        QFETCH(bool, bf16);
        constexpr std::int64_t steps = 20;
        QFETCH(bool, otherLosses);
        auto config = configOf(ranks * accumulation, checkpointing, bf16);
        if (otherLosses) {
            config.model.internalHead = 1;
            config.repa = {.weight = 0.5, .block = 1, .endStep = 15, .samples = RepaSamples::WithoutDino};
        }
        Trainer alone(config, textTokens);
        const auto expected = courseOf(alone, Source(0, 1), steps);
        config.optimiser.accumulation = accumulation;
        const auto courses = coursesOfRanks(ranks, config, steps);
        for (std::size_t i = 0; i < expected.metrics.size(); ++i) {
            const auto &ours = courses[0].metrics[i], &other = expected.metrics[i];
            QVERIFY2(std::abs(ours.loss - other.loss) < (bf16 ? 1e-4 : 1e-6),
                     std::to_string(ours.loss - other.loss).c_str());
            const double norms = ours.gradNorm / other.gradNorm - 1;
            QVERIFY2(std::abs(norms) < (bf16 ? 2e-2 : 1e-3), std::to_string(norms).c_str());
            QCOMPARE(ours.samplesByDrop, other.samplesByDrop);
            QCOMPARE(ours.lr, other.lr);
            QVERIFY(ours.reduceWaitSeconds >= 0 && std::isnan(other.reduceWaitSeconds));
            QVERIFY(ours.reduceHidden >= 0 && ours.reduceHidden <= 1 && std::isnan(other.reduceHidden));
            for (const auto metric : {&StepMetrics::internalLoss, &StepMetrics::repaLoss})
                QVERIFY(std::abs(ours.*metric - other.*metric) < 1e-5 ||
                        (std::isnan(ours.*metric) && std::isnan(other.*metric)));
        }
        // Where a gradient is next to nothing, the order of the sum decides what Adam makes of it: an element may be
        // off by a part of one step, which is 3e-3.
        const double allowed = bf16 ? 1e-3 : 5e-4;
        const double difference = largestDifference(courses[0].model, expected.model);
        QVERIFY2(difference < allowed, std::to_string(difference).c_str());
        QVERIFY(largestDifference(courses[0].ema, expected.ema) < allowed);
        // And every rank has the same weights, to the last bit.
        for (const auto& course : courses)
            QCOMPARE(largestDifference(course.model, courses[0].model), 0.0);
    }

    void bucketsOnTheirWayEarlyGiveTheSameBits_data()
    {
        QTest::addColumn<int>("ranks");
        QTest::addColumn<int>("accumulation");
        QTest::addColumn<bool>("checkpointing");
        QTest::addColumn<int>("spoilt");
        QTest::newRow("2 ranks") << 2 << 1 << false << -1;
        QTest::newRow("3 ranks, accumulated") << 3 << 2 << false << -1;
        QTest::newRow("recomputed") << 2 << 2 << true << -1;
        QTest::newRow("a last micro-batch left out") << 2 << 2 << true << 7; // of rank 1, in the second step
    }
    void bucketsOnTheirWayEarlyGiveTheSameBits()
    {
        QFETCH(int, ranks);
        QFETCH(int, accumulation);
        QFETCH(bool, checkpointing);
        QFETCH(int, spoilt);
        auto config = configOf(accumulation, checkpointing);
        config.repa = {.weight = 0.5, .block = 1, .endStep = 3}; // then its projector gets no gradients
        const auto all = std::int64_t{1} << 40;
        const auto afterwards = coursesOfRanks(ranks, config, 6, spoilt, {.first = all, .others = all});
        for (const std::int64_t bytes : {1, 3000}) { // each parameter alone, and some together
            const auto early = coursesOfRanks(ranks, config, 6, spoilt, {.first = bytes, .others = 2 * bytes});
            for (std::size_t rank = 0; rank < early.size(); ++rank) {
                for (std::size_t i = 0; i < early[rank].metrics.size(); ++i) {
                    QCOMPARE(early[rank].metrics[i].loss, afterwards[rank].metrics[i].loss);
                    QCOMPARE(early[rank].metrics[i].gradNorm, afterwards[rank].metrics[i].gradNorm);
                    QCOMPARE(early[rank].metrics[i].leftOut, spoilt >= 0 && i == 1 ? 1 : 0);
                    if (i != 1)                                           // in which a rank may lack its last pass
                        QVERIFY(early[rank].metrics[i].reduceHidden > 0); // also where the projector has no gradients
                }
                QCOMPARE(largestDifference(early[rank].model, afterwards[rank].model), 0.0);
                QCOMPARE(largestDifference(early[rank].ema, afterwards[rank].ema), 0.0);
            }
        }
    }

    void whatOneRankLeavesOutAllLeaveOut()
    {
        const auto courses = coursesOfRanks(2, configOf(1), 4, 3); // the second step of rank 1
        for (const auto& course : courses) {
            QCOMPARE(course.metrics[1].leftOut, 1);
            QVERIFY(!course.metrics[1].skipped && std::isfinite(course.metrics[1].loss));
            QCOMPARE(course.metrics[2].leftOut, 0);
        }
        QCOMPARE(largestDifference(courses[0].model, courses[1].model), 0.0);
    }

    void samplesOfAllRanksAreNamed()
    {
        RankRoom room(2);
        std::array<std::vector<std::string>, 2> samples, suspects;
        std::vector<std::jthread> threads;
        for (std::size_t rank = 0; rank < 2; ++rank) {
            threads.emplace_back([&, rank] {
                const auto number = static_cast<std::int64_t>(rank);
                Trainer trainer(configOf(1), textTokens, {.device = at::kCPU, .threads = 1},
                                std::make_shared<RankRoom::Seat>(room, number));
                Source source(number, 2, 3); // the second batch of rank 1 is not finite
                trainer.step(std::ref(source));
                samples[rank] = trainer.samples();
                trainer.step(std::ref(source));
                suspects[rank] = trainer.suspects();
            });
        }
        threads.clear();
        const std::vector<std::string> ofFirstStep = {"sample100", "sample101", "sample200", "sample201"};
        for (std::size_t rank = 0; rank < 2; ++rank) {
            QCOMPARE(samples[rank], ofFirstStep);
            QCOMPARE(suspects[rank], (std::vector<std::string>{"sample400", "sample401"}));
        }
    }

    void aLauncherSaysWhereTheProcessesMeet()
    {
        using Variables = std::map<std::string, std::string>;
        const auto meetingOf = [](const Variables& variables) {
            return meetingOfLauncher([&variables](const char* name) {
                const auto found = variables.find(name);
                return found == variables.end() ? nullptr : found->second.c_str();
            });
        };
        QCOMPARE(meetingOf({}).size, 1);
        Variables torchrun = {{"RANK", "3"}, {"WORLD_SIZE", "8"}, {"MASTER_ADDR", "node1"}, {"MASTER_PORT", "29400"}};
        auto meeting = meetingOf(torchrun);
        QVERIFY(meeting.rank == 3 && meeting.size == 8 && meeting.host == "node1" && meeting.port == 29400);
        torchrun["TORCHELASTIC_USE_AGENT_STORE"] = "True"; // which listens at that port itself
        QCOMPARE(meetingOf(torchrun).port, 29401);
        for (const std::string port : {"29400x", "0", "65536", "99999999999"}) {
            torchrun["MASTER_PORT"] = port;
            const auto error = errorOf([&] { meetingOf(torchrun); });
            QVERIFY2(error.find("MASTER_PORT is \"" + port + "\"") != std::string::npos, error.c_str());
        }
        const auto message = errorOf([&] { meetingOf({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "2"}}); });
        QVERIFY2(message.find("set MASTER_ADDR") != std::string::npos, message.c_str());
    }

    void processesMeetOverGloo()
    {
#ifndef NANODIT_GLOO
        QSKIP("built without Gloo");
#endif
        // Not threads, as each has a store and connections of its own; of this test, before LibTorch starts threads.
        const ReservedPort port;
        const auto rankProcess = [&port](std::int64_t rank) {
            return startProcess([rank, &port] {
                const auto ranks = joinCollective({.rank = rank, .size = 2, .port = port.number()});
                const auto values = at::full({3}, static_cast<double>(rank + 1), at::kDouble);
                ranks->sum(values);
                const auto first = at::full({2}, rank + 5, at::kLong);
                ranks->shareFromFirst(first);
                const auto early = at::full({4}, static_cast<double>(rank), at::kFloat), late = at::ones({1 << 20});
                const auto sumOfEarly = ranks->beginSum(early), sumOfLate = ranks->beginSum(late);
                sumOfLate(); // in any order
                sumOfEarly();
                const bool some = ranks->any(rank == 1), none = ranks->any(false);
                const auto said = ranks->gather({"rank", std::string(static_cast<std::size_t>(rank), 'x')});
                const bool heard = said == std::vector<std::string>{"rank", "", "rank", "x"};
                if (!heard || !ranks->gather({}).empty())
                    return 2;
                const bool right = values[2].item<double>() == 3 && first[1].item<std::int64_t>() == 5 && some &&
                                   !none && early[3].item<float>() == 1 && late[(1 << 20) - 1].item<float>() == 2;
                return right ? 0 : 1;
            });
        };
        const auto first = rankProcess(0), second = rankProcess(1);
        QCOMPARE(endOf(first), 0);
        QCOMPARE(endOf(second), 0);
    }

    void allStopAtTheSameStep()
    {
        RankRoom room(2);
        std::array<std::int64_t, 2> done{};
        std::vector<std::jthread> threads;
        for (std::int64_t rank = 0; rank < 2; ++rank) {
            threads.emplace_back([&, rank] {
                Trainer trainer(configOf(1), textTokens, {.threads = 1}, std::make_shared<RankRoom::Seat>(room, rank));
                Source source(rank, 2);
                while (trainer.step(std::ref(source), [&] { return rank == 1 && trainer.stepsDone() == 3; })) {
                }
                done[static_cast<std::size_t>(rank)] = trainer.stepsDone();
            });
        }
        threads.clear();
        QCOMPARE(done, (std::array<std::int64_t, 2>{3, 3}));
    }
};

QTEST_APPLESS_MAIN(TestTrainRanks)
#include "tst_train_ranks.moc"
