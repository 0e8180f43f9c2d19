#include "core/runtime/generator.h"

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

class TestGenerator : public QObject {
    Q_OBJECT

private Q_SLOTS:
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

QTEST_APPLESS_MAIN(TestGenerator)
#include "tst_generator.moc"
