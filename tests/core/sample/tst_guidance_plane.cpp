#include "core/sample/guidance_plane.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

#include <algorithm>

using namespace nanodit;
using namespace nanodit::test;

class TestGuidancePlane : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cellsComeOnceCoarseToFine()
    {
        for (const auto& [rows, cols] : {std::pair{7, 7}, {1, 5}, {4, 2}, {1, 1}, {9, 3}}) {
            const auto order = coarseToFine(static_cast<std::size_t>(rows), static_cast<std::size_t>(cols));
            QCOMPARE(order.size(), static_cast<std::size_t>(rows * cols));
            for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
                for (std::size_t col = 0; col < static_cast<std::size_t>(cols); ++col)
                    QCOMPARE(std::ranges::count(order, PlaneCell{.row = row, .col = col}), 1);
            }
        }
        // Four of the first cells already span most of a plane of seven by seven.
        const auto order = coarseToFine(7, 7);
        QCOMPARE(order[0], (PlaneCell{.row = 0, .col = 0}));
        QCOMPARE(order[3], (PlaneCell{.row = 4, .col = 4}));
    }

    void planesAreSpelledShortly()
    {
        const auto plane = guidancePlaneFrom("text=0:6:7,dino=1:2:3");
        QCOMPARE(plane.textScales, (std::vector<double>{0, 1, 2, 3, 4, 5, 6}));
        QCOMPARE(plane.dinoScales, (std::vector<double>{1, 1.5, 2}));
        QCOMPARE(guidancePlaneFrom("dino=0:4:2,text=2.5").textScales, (std::vector<double>{2.5}));
        for (const auto* const wrong :
             {"", "text=0:6:7", "text=0:6:7,dino=", "text=0:6:1,dino=1", "text=0:6:7,dino=0:6:7,", "text=a,dino=1",
              "text=0:6:2.5,dino=1", "text=1,text=2", "text=1,dino=1e9"})
            QVERIFY2(errorOf([&] { guidancePlaneFrom(wrong); }).find("text=FROM:TO:COUNT") != std::string::npos, wrong);
    }

    void theSheetShowsEveryPictureAtItsPlace()
    {
        const GuidancePlane plane{.textScales = {0, 1}, .dinoScales = {0, 1, 2}};
        std::vector<Image> pictures(6);
        for (std::size_t i = 0; i < 5; ++i) // one is not there yet
            pictures[i] = {.size = {16, 8},
                           .rgb = std::vector<std::uint8_t>(16 * 8 * 3, static_cast<std::uint8_t>(40 * (i + 1)))};
        const auto sheet = planeSheet(plane, pictures);
        const auto left = sheet.size.width - 3 * 18, top = sheet.size.height - 2 * 10;
        for (std::int64_t i = 0; i < 5; ++i)
            QCOMPARE(int(*sheet.at(left + (i % 3) * 18 + 8, top + (i / 3) * 10 + 4)), 40 * (int(i) + 1));
        QVERIFY(*sheet.at(left + 2 * 18 + 8, top + 10 + 4) < 40);
    }
};

QTEST_APPLESS_MAIN(TestGuidancePlane)
#include "tst_guidance_plane.moc"
