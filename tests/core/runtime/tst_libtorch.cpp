#include "core/runtime/generator.h"
#include "core/runtime/torch_version.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <QTest>

#include <limits>

using namespace nanodit;

namespace {

at::Tensor numbers(const at::Generator& generator)
{
    return at::randn({8}, generator, at::TensorOptions(at::kFloat));
}

} // namespace

/// The version of LibTorch that is loaded, and the numbers that it draws.
class LibTorchTest : public QObject {
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

    void smallSeedsGiveWhatLibTorchGives()
    {
        for (const std::uint64_t seed : {0ULL, 1ULL, 7ULL, 0xffffffffULL})
            QVERIFY(at::equal(numbers(seededGenerator(seed)), numbers(at::make_generator<at::CPUGeneratorImpl>(seed))));
    }

    void everyBitOfASeedCounts()
    {
        for (const std::uint64_t seed :
             {std::uint64_t{0}, std::uint64_t{5}, std::numeric_limits<std::uint64_t>::max()}) {
            const auto before = numbers(seededGenerator(seed));
            for (int bit = 0; bit < 64; ++bit) {
                const auto after = numbers(seededGenerator(seed ^ (std::uint64_t{1} << bit)));
                QVERIFY2(!at::equal(before, after), qPrintable(QString::number(bit)));
            }
        }
    }
};

QTEST_APPLESS_MAIN(LibTorchTest)
#include "tst_libtorch.moc"
