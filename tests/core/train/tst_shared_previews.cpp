#include "core/io/atomic_file.h"
#include "core/train/shared_previews.h"
#include "tests/support/rank_room.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tiny_training.h"

#include <ATen/Parallel.h>
#include <QtTest/QTest>

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t textTokens = 8, step = 6;
const Compute oneThread{.device = at::kCPU, .precision = Precision::Float32, .threads = 1};

TrainConfig configOfPreviews(bool withRaw)
{
    auto config = tinyConfig(step);
    config.model.textDim = TinyWorkspace::textWidth;
    config.model.dinoDim = TinyWorkspace::dinoWidth;
    config.model.latentChannels = TinyWorkspace::latentChannels;
    config.previews.every = 1;
    config.previews.conditions = 1;
    config.ema.enabled = withRaw;
    config.previews.rawUntil = withRaw ? 1e-9 : 0;
    return config;
}

/// The bytes of each picture, by its path below samples/.
std::map<std::string, std::string> picturesBelow(const fs::path& run)
{
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(run / "samples")) {
        if (entry.is_regular_file())
            found[entry.path().lexically_relative(run).string()] = readTextFile(entry.path());
    }
    return found;
}

/// What one rank and two paint with the same weights.
class Painting {
public:
    explicit Painting(bool withRaw)
        : config_(configOfPreviews(withRaw))
        , set_(ShardSet::open(tiny_.workspace.shardsFolder() / "train"))
    {
    }

    std::map<std::string, std::string> byOne()
    {
        const auto trainer = makeTrainer(aloneCollective());
        paint(*trainer, {}, tiny_.folder / "one");
        return picturesBelow(tiny_.folder / "one");
    }

    /// `other`: the workspace as rank 1 sees it.
    std::map<std::string, std::string> byTwo(const Workspace& other)
    {
        RankRoom room(2);
        const std::array<std::unique_ptr<Trainer>, 2> trainers = {
            makeTrainer(std::make_shared<RankRoom::Seat>(room, 0)),
            makeTrainer(std::make_shared<RankRoom::Seat>(room, 1))};
        std::jthread second([&] {
            at::set_num_threads(1);
            PreviewHelp(other, set_->dinoStatistics(), set_, oneThread).paint(*trainers[1], {});
        });
        auto painter = makePainter();
        auto painted = paintTogether(&painter, *trainers[0], {});
        second.join();
        painted_ = painted.size();
        paint(*trainers[0], std::move(painted), tiny_.folder / "two");
        return picturesBelow(tiny_.folder / "two");
    }

    /// Damages a record of the validation split.
    void spoil(const std::string& id) const
    {
        const auto shard = tiny_.workspace.shardsFolder() / "val/bucket_64x64/shard-000000.tar";
        auto bytes = readTextFile(shard);
        bytes[bytes.find(id + ".vae.npy") + 200] ^= 1; // in the entry's header
        writeFileAtomically(shard, bytes);
    }

    const Workspace& workspace() const { return tiny_.workspace; }
    /// Pictures that the last byTwo() had before rank 0 painted what was missing.
    std::size_t painted() const { return painted_; }

private:
    std::unique_ptr<Trainer> makeTrainer(std::shared_ptr<Collective> collective) const
    {
        auto trainer = std::make_unique<Trainer>(config_, textTokens, oneThread, std::move(collective));
        randomise(trainer->model().parameters());
        return trainer;
    }
    PreviewPainter makePainter() const
    {
        return {tiny_.workspace, config_, textTokens, set_->dinoStatistics(), set_, oneThread};
    }
    void paint(const Trainer& trainer, std::vector<PaintedPreview> painted, const fs::path& run) const
    {
        auto painter = makePainter();
        painter.take(std::move(painted));
        painter.paint(*trainer.averagedModel(), &trainer.model(), step, run, {}, [](const PreviewPicture&) {});
    }

    TinyWorkspace tiny_;
    TrainConfig config_;
    std::shared_ptr<const ShardSet> set_;
    std::size_t painted_ = 0;
};

} // namespace

class TestSharedPreviews : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void twoRanksPaintWhatOneDoes_data()
    {
        QTest::addColumn<bool>("withRaw");
        QTest::addColumn<int>("pictures");
        QTest::newRow("the average alone") << false << 2 + 5; // two records, the first under parts of its conditions
        QTest::newRow("raw weights, too") << true << 4 + 5;
    }
    void twoRanksPaintWhatOneDoes()
    {
        QFETCH(bool, withRaw);
        QFETCH(int, pictures);
        Painting painting(withRaw);
        const auto one = painting.byOne(), two = painting.byTwo(painting.workspace());
        QCOMPARE(one.size(), static_cast<std::size_t>(pictures));
        QCOMPARE(painting.painted(), static_cast<std::size_t>(pictures)); // rank 0 had nothing left to paint
        QVERIFY(one == two);
    }

    void conditionsDoNotLieInTheShardThatTheyAreReadFrom()
    {
        const TinyWorkspace tiny;
        const auto sample = ShardSet::open(tiny.workspace.shardsFolder() / "val")->read(0);
        const auto conditions = nanodit::conditionsOf(sample, {}, textTokens);
        const auto isApart = [](const at::Tensor& tensor, const Array& array) {
            return static_cast<const void*>(tensor.data_ptr()) != static_cast<const void*>(array.bytes.data());
        };
        QCOMPARE(sample.cls.dtype, DType::F32); // which needs no conversion
        QVERIFY(isApart(conditions.cls, sample.cls));
        QVERIFY(isApart(conditions.patches, sample.patches) && isApart(conditions.text, sample.text));
    }

    void aDamagedRecordCostsItsOwnPreviewsAlone_data()
    {
        QTest::addColumn<QString>("damaged");
        QTest::addColumn<int>("pictures");
        QTest::newRow("the first, with all under parts of conditions") << "val0" << 1;
        QTest::newRow("the second, with which the first is swapped") << "val1" << 5; // there is no other of its shape
    }
    void aDamagedRecordCostsItsOwnPreviewsAlone()
    {
        QFETCH(QString, damaged);
        QFETCH(int, pictures);
        Painting whole(false), painting(false);
        painting.spoil(damaged.toStdString());
        const auto all = whole.byOne(), one = painting.byOne(), two = painting.byTwo(painting.workspace());
        QCOMPARE(one.size(), static_cast<std::size_t>(pictures));
        QVERIFY(one == two);
        for (const auto& [file, bytes] : one)
            QVERIFY2(bytes == all.at(file), file.c_str());
    }

    void whatARankCannotPaintRank0Paints()
    {
        Painting painting(false);
        auto without = painting.workspace();
        without.config.vae = "models/none";
        const auto one = painting.byOne(), two = painting.byTwo(without);
        QCOMPARE(painting.painted(), std::size_t{4}); // of seven, every other one
        QVERIFY(one == two);
    }

    void withoutAPainterOfRank0NobodyPaints()
    {
        RankRoom room(2);
        std::array<std::vector<PaintedPreview>, 2> painted;
        std::vector<std::jthread> threads;
        for (std::size_t rank = 0; rank < 2; ++rank) {
            threads.emplace_back([&, rank] {
                const Trainer trainer(configOfPreviews(false), textTokens, oneThread,
                                      std::make_shared<RankRoom::Seat>(room, static_cast<std::int64_t>(rank)));
                painted[rank] = paintTogether(nullptr, trainer, {});
            });
        }
        threads.clear();
        QVERIFY(painted[0].empty() && painted[1].empty());
    }
};

QTEST_APPLESS_MAIN(TestSharedPreviews)
#include "tst_shared_previews.moc"
