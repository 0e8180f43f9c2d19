#include "widgets/grid_correspondence.h"

#include <QTest>

#include <utility>

using namespace nanodit;

class TestGridCorrespondence : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void dinov3PatchesAreLatentTokens()
    {
        const auto grids = gridPair({1024, 1024}, 16);
        for (double y = 4; y < 1024; y += 37) {
            for (double x = 4; x < 1024; x += 53) {
                const auto at = correspondenceAt(grids, x, y);
                QVERIFY(at.has_value());
                QVERIFY(at->latentTokens.first == at->patch);
                QVERIFY(at->latentTokens.last == at->patch);
            }
        }
    }

    void describesWhatLiesUnderAPixel()
    {
        const auto at = correspondenceAt(gridPair({1024, 1024}, 16), 412, 233);
        QVERIFY(at.has_value());
        QCOMPARE(describe(*at),
                 QStringLiteral("pixel 412,233 · patch r14 c25 · latent tokens r14 c25 · box 400-416, 224-240 px"));
    }

    void dinov2PatchesStraddleLatentTokens()
    {
        // 73 x 73 patches over 64 x 64 tokens: some patches lie across two tokens each way.
        const auto grids = gridPair({1024, 1024}, 14);
        const auto at = correspondenceAt(grids, 1024.0 / 73 + 2, 1024.0 / 73 + 2);
        QVERIFY(at.has_value());
        QVERIFY((at->patch == GridCell{1, 1}));
        QVERIFY((at->latentTokens.first == GridCell{0, 0}));
        QVERIFY((at->latentTokens.last == GridCell{1, 1}));
        QVERIFY(describe(*at).contains("latent tokens r0-1 c0-1"));
    }

    void outsideThePictureThereIsNothing()
    {
        const auto grids = gridPair({128, 96}, 16);
        for (const auto& [x, y] : {std::pair{-0.1, 5.0}, {128.0, 5.0}, {5.0, 96.0}, {5.0, -1.0}})
            QVERIFY(!correspondenceAt(grids, x, y).has_value());
        QVERIFY(correspondenceAt(grids, 127.9, 95.9).has_value());
    }
};

QTEST_APPLESS_MAIN(TestGridCorrespondence)
#include "tst_grid_correspondence.moc"
