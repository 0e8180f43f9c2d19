#include "core/inspect/inspection.h"
#include "core/inspect/set_map.h"
#include "core/io/atomic_file.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "tests/core/inspect/patch_workspace.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>
#include <nlohmann/json.hpp>

#include <cmath>
#include <random>

using namespace nanodit;

namespace {

constexpr std::int64_t width = 24;

/// `clusters` groups of `each` rows, every group around a direction of its own.
std::vector<float> grouped(int clusters, int each)
{
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> values;
    for (int cluster = 0; cluster < clusters; ++cluster) {
        std::vector<float> centre;
        for (std::int64_t i = 0; i < width; ++i)
            centre.push_back(normal(random));
        for (int row = 0; row < each; ++row) {
            for (std::int64_t i = 0; i < width; ++i)
                values.push_back(centre[static_cast<std::size_t>(i)] + 0.2F * normal(random));
        }
    }
    return values;
}

SetMap made(const Workspace& workspace)
{
    SetMap map;
    makeSetMapJob({.workspace = workspace, .finished = [&map](const SetMap& result) { map = result; }})->run({});
    return map;
}

} // namespace

class TestSetMap : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsAlikeLiesTogether()
    {
        constexpr int clusters = 4, each = 40;
        const auto map = layOut(grouped(clusters, each), width);
        QCOMPARE(map.size(), std::size_t(2 * clusters * each));
        for (const auto x : map)
            QVERIFY(x >= 0 && x <= 1);
        const auto distance = [&](std::size_t a, std::size_t b) {
            return std::hypot(map[2 * a] - map[2 * b], map[2 * a + 1] - map[2 * b + 1]);
        };
        int nearestIsOfItsGroup = 0;
        for (std::size_t row = 0; row < std::size_t(clusters * each); ++row) {
            std::size_t nearest = row == 0 ? 1 : 0;
            for (std::size_t other = 0; other < std::size_t(clusters * each); ++other) {
                if (other != row && distance(row, other) < distance(row, nearest))
                    nearest = other;
            }
            nearestIsOfItsGroup += nearest / each == row / each ? 1 : 0;
        }
        QVERIFY2(nearestIsOfItsGroup >= clusters * each - 2, qPrintable(QString::number(nearestIsOfItsGroup)));
    }

    void theSameTokensGiveTheSameMap()
    {
        const auto values = grouped(2, 20);
        QCOMPARE(layOut(values, width), layOut(values, width));
    }

    void fewAndEqualRowsHaveAPlaceToo()
    {
        QCOMPARE(layOut(std::vector<float>(width, 1), width), (std::vector<float>{0.5F, 0.5F}));
        for (const int rows : {2, 3, 30}) {
            const auto map = layOut(std::vector<float>(static_cast<std::size_t>(rows * width), 1), width);
            QCOMPARE(map.size(), static_cast<std::size_t>(2 * rows));
            for (const auto x : map)
                QVERIFY(std::isfinite(x) && x >= 0 && x <= 1);
        }
    }

    void theMapIsKeptUntilATokenIsAnother()
    {
        const test::PatchWorkspace f(6);
        const auto file = cacheFolder(f.workspace) / "set_map.json";
        const auto map = made(f.workspace);
        QCOMPARE(map.points.size(), 6U);
        auto kept = nlohmann::json::parse(readTextFile(file));
        constexpr float mark = 0.125F;
        kept["points"][0][1] = mark; // so that one sees where it comes from
        test::writeText(file, kept.dump());
        QCOMPARE(made(f.workspace).points[0].x, mark);
        QCOMPARE(made(f.workspace).points[5].y, map.points[5].y);
        const auto token = f.workspace.derivedFolder() / "dinov3" / (f.id(0) + ".npy");
        auto values = tensorFromArray(readNpy(token)).clone();
        values[0] += 100;
        writeNpy(token, arrayFromTensor(values));
        const auto other = made(f.workspace);
        QCOMPARE(other.points.size(), 6U);
        QVERIFY(other.points[0].x != mark);
        std::filesystem::remove(token);
        QCOMPARE(made(f.workspace).points.size(), 5U);
        QCOMPARE(made(f.workspace).without, 1);
        test::writeText(file, "{\"key\": 7");
        QCOMPARE(made(f.workspace).points.size(), 5U); // made again
    }

    void stopsWhenAsked()
    {
        JobContext context;
        context.control->requestStop();
        QVERIFY(layOut(grouped(2, 20), width, context).empty());
    }
};

QTEST_APPLESS_MAIN(TestSetMap)
#include "tst_set_map.moc"
