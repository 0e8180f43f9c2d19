#include "core/io/safetensors.h"
#include "core/io/tensor.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>

#include <cstring>
#include <span>
#include <vector>

using namespace nanodit;
using nanodit::test::errorOf;
using nanodit::test::TemporaryFolder;

class TensorTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readTensorsLieInTheMappedFile()
    {
        const TemporaryFolder folder;
        TensorMap tensors;
        for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16, at::kDouble, at::kLong, at::kInt, at::kShort,
                                at::kChar, at::kByte, at::kBool, at::kComplexFloat})
            tensors.emplace(at::toString(type), at::arange(12).reshape({3, 4}).to(type));
        tensors.emplace("none", at::empty({1, 0, 64}));
        tensors.emplace("scalar", at::scalar_tensor(3.5));
        tensors.emplace("transposed", at::arange(6, at::kFloat).reshape({2, 3}).t());
        writeTensors(folder / "a.safetensors", tensors);

        const auto read = readTensors(folder / "a.safetensors");
        QCOMPARE(read.size(), tensors.size());
        for (const auto& [name, tensor] : tensors) {
            QVERIFY2(read.at(name).scalar_type() == tensor.scalar_type(), name.c_str());
            QVERIFY2(at::equal(read.at(name), tensor), name.c_str());
        }
        const auto file = readSafetensors(folder / "a.safetensors");
        const auto& array = file.arrays.at("Float");
        QCOMPARE(tensorFromArray(array).data_ptr(), static_cast<const void*>(array.bytes.data()));
    }

    void aFloatCopyHasMemoryOfItsOwn()
    {
        std::vector<float> values = {1, 2, 3};
        const Array array{.dtype = DType::F32,
                          .shape = {3},
                          .strides = {},
                          .bytes = std::as_bytes(std::span(values)),
                          .owner = nullptr};
        const auto copy = floatCopyOf(array);
        values[1] = 7;
        QVERIFY(at::equal(copy, at::arange(1, 4, at::kFloat)));
        const auto ofHalf = floatCopyOf(arrayFromTensor(at::arange(3, at::kHalf)));
        QVERIFY(ofHalf.scalar_type() == at::kFloat && at::equal(ofHalf, at::arange(3, at::kFloat)));
    }

    void tensorKeepsTheOwnerAlive()
    {
        at::Tensor tensor;
        std::weak_ptr<const void> watched;
        {
            const auto array = arrayFromTensor(at::ones({1000}));
            watched = array.owner;
            tensor = tensorFromArray(array);
        }
        QVERIFY(!watched.expired());
        QCOMPARE(tensor.sum().item<float>(), 1000.f);
        tensor.reset();
        QVERIFY(watched.expired());
    }

    void unalignedDataAreCopied()
    {
        const auto values = at::arange(3, at::kFloat);
        std::vector<std::byte> bytes(13);
        std::memcpy(bytes.data() + 1, values.data_ptr(), 12);
        auto array = arrayOf(DType::F32, {3}, bytes);
        array.bytes = array.bytes.subspan(1);
        QVERIFY(at::equal(tensorFromArray(array), values));
    }

    void stridesComeThrough()
    {
        const auto values = at::arange(6, at::kFloat);
        auto array = arrayFromTensor(values);
        array.shape = {3, 2};
        array.strides = {1, 3};
        QVERIFY(at::equal(tensorFromArray(array), values.reshape({2, 3}).t()));
        array.strides = {1, 4};
        QVERIFY(errorOf([&] { tensorFromArray(array); }).find("reaches beyond") != std::string::npos);
    }

    void typesWithoutTensorsAreRefused()
    {
        QVERIFY(errorOf([] { tensorFromArray(arrayOf(DType::U16, {1}, std::vector<std::byte>(2))); }).find("uint16") !=
                std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TensorTest)
#include "tst_tensor.moc"
