#include "core/runtime/torch_version.h"

#include <QTest>

using namespace nanodit;

class TorchVersionTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theLoadedLibraryIsTheOneBuiltWith()
    {
        QVERIFY(!loadedTorchVersion().empty());
        QCOMPARE(loadedTorchVersion(), builtTorchVersion());
        requireBuiltTorch();
    }

    void anotherMinorVersionIsRefusedWithBothNumbers()
    {
        for (const auto* const loaded : {"2.7.0", "2.60.0", "1.6.0", "2"}) {
            const auto text = torchMismatch("2.6.0", loaded);
            QVERIFY2(text.find("built with LibTorch 2.6.0") != std::string::npos, loaded);
            QVERIFY2(text.find(std::string("LibTorch ") + loaded + " was loaded") != std::string::npos, loaded);
        }
    }

    void patchesOfOneMinorVersionGoTogether()
    {
        QCOMPARE(torchMismatch("2.6.0", "2.6.3"), std::string());
        QCOMPARE(torchMismatch("2.6.0", ""), std::string());
    }
};

QTEST_APPLESS_MAIN(TorchVersionTest)
#include "tst_torch_version.moc"
