#include "core/io/float_values.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

using namespace nanodit;

namespace {

/// IEEE 754 binary16 by its definition.
double valueOf(std::uint16_t half)
{
    const double sign = (half & 0x8000) != 0 ? -1 : 1;
    const int exponent = half >> 10 & 31, fraction = half & 0x3ff;
    if (exponent == 31)
        return fraction == 0 ? sign * INFINITY : NAN;
    return exponent == 0 ? sign * std::ldexp(fraction, -24) : sign * std::ldexp(1024 + fraction, exponent - 25);
}

Array halves(const std::vector<std::uint16_t>& values, std::int64_t channels)
{
    std::vector<std::byte> bytes(values.size() * 2);
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return arrayOf(DType::F16, {static_cast<std::int64_t>(values.size()) / channels, channels}, std::move(bytes));
}

} // namespace

class FloatValuesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyFiniteHalfComesOutExactly_data()
    {
        QTest::addColumn<int>("channels");
        QTest::addColumn<bool>("scaled");
        // Ones that fit vectors of eight and ones that do not; all values make an array that is written past the caches
        // where it fits.
        for (const int channels : {1, 6, 8, 31, 1024, 4096}) {
            for (const bool scaled : {false, true})
                QTest::addRow("%d channels%s", channels, scaled ? ", scaled" : "") << channels << scaled;
        }
    }
    void everyFiniteHalfComesOutExactly()
    {
        QFETCH(int, channels);
        QFETCH(bool, scaled);
        std::vector<std::uint16_t> values;
        for (int copy = 0; copy < 5; ++copy) { // 1.2 MB as float32
            for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
                if ((bits & 0x7c00) != 0x7c00)
                    values.push_back(static_cast<std::uint16_t>(bits));
            }
        }
        values.resize(values.size() / static_cast<std::size_t>(channels) * static_cast<std::size_t>(channels));
        std::vector<float> shift, divisor;
        for (int i = 0; i < channels; ++i) {
            shift.push_back(0.37f * static_cast<float>(i % 7) - 1);
            divisor.push_back(0.1f + static_cast<float>(i % 5));
        }
        const ChannelScale scale{.shift = shift, .divisor = divisor};
        const auto array = halves(values, channels);
        std::vector<float> memory(values.size() + 64);
        for (const std::size_t offset : {0u, 1u}) { // aligned as the loader's memory is, and not
            const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
            const auto aligned = (address + 63) / 64 * 64 - address;
            const std::span target(memory.data() + aligned / sizeof(float) + offset, values.size());
            QVERIFY(copyFiniteFloats(array, target, scaled ? &scale : nullptr));
            for (std::size_t i = 0; i < values.size(); ++i) {
                auto expected = static_cast<float>(valueOf(values[i]));
                const auto channel = i % static_cast<std::size_t>(channels);
                if (scaled)
                    expected = (expected - shift[channel]) / divisor[channel];
                if (std::bit_cast<std::uint32_t>(target[i]) != std::bit_cast<std::uint32_t>(expected))
                    QFAIL(qPrintable(QString("half %1 becomes %2 instead of %3")
                                         .arg(values[i])
                                         .arg(static_cast<double>(target[i]))
                                         .arg(static_cast<double>(expected))));
            }
        }
    }

    void whatIsNoNumberIsFoundWhereverItStands()
    {
        for (const std::int64_t channels : {6, 8, 21, 32}) {
            std::vector<std::uint16_t> values(static_cast<std::size_t>(channels * 3), 0x3c00);
            std::vector<float> target(values.size());
            QVERIFY(copyFiniteFloats(halves(values, channels), target));
            for (std::size_t i = 0; i < values.size(); ++i) {
                for (const std::uint16_t bad : {0x7c00, 0xfc00, 0x7e01, 0x7c01}) {
                    values[i] = bad;
                    QVERIFY(!copyFiniteFloats(halves(values, channels), target));
                }
                values[i] = 0x7bff; // the largest number
                QVERIFY(copyFiniteFloats(halves(values, channels), target));
            }
        }
    }

    void aScaleOfAnotherWidthIsRefused()
    {
        const std::vector<float> three(3, 1.f);
        const ChannelScale scale{.shift = three, .divisor = three};
        std::vector<float> target(8);
        const auto message =
            test::errorOf([&] { copyFiniteFloats(halves(std::vector<std::uint16_t>(8), 4), target, &scale); });
        QVERIFY2(message.find("4 channels") != std::string::npos, message.c_str());
    }
};

QTEST_APPLESS_MAIN(FloatValuesTest)
#include "tst_float_values.moc"
