#include "core/io/atomic_file.h"
#include "core/io/safetensors.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

using namespace nanodit;
using nanodit::test::errorOf;
using nanodit::test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

template<typename Element>
Array arrayFrom(DType dtype, std::vector<std::int64_t> shape, const std::vector<Element>& elements)
{
    std::vector<std::byte> bytes(elements.size() * sizeof(Element));
    if (!bytes.empty())
        std::memcpy(bytes.data(), elements.data(), bytes.size());
    return arrayOf(dtype, std::move(shape), std::move(bytes));
}

Safetensors parseText(const std::string& bytes)
{
    const auto owner = std::make_shared<const std::string>(bytes);
    return parseSafetensors(std::as_bytes(std::span(owner->data(), owner->size())), owner, "case");
}

std::string fileWith(const std::string& header, std::size_t dataBytes)
{
    const std::uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + std::string(dataBytes, '\1');
}

bool sameBytes(const Array& a, const Array& b)
{
    return a.dtype == b.dtype && a.shape == b.shape && std::ranges::equal(a.bytes, b.bytes);
}

} // namespace

class SafetensorsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void givesBackWhatWasWritten()
    {
        const TemporaryFolder folder;
        std::map<std::string, Array> arrays;
        arrays["f32"] = arrayFrom<float>(DType::F32, {2, 3}, {1, 2, 3, 4, 5, 6});
        arrays["odd bytes"] = arrayFrom<std::uint8_t>(DType::U8, {3}, {1, 2, 3});
        arrays["i64"] = arrayFrom<std::int64_t>(DType::I64, {}, {-7});
        arrays["none"] = arrayFrom<float>(DType::BF16, {1, 0, 64}, {});
        arrays["Ünicode \"quoted\""] = arrayFrom<std::uint16_t>(DType::F16, {1}, {0x3c00});
        writeSafetensors(folder / "a.safetensors", arrays, {{"made by", "a test"}});
        const auto read = readSafetensors(folder / "a.safetensors");
        QCOMPARE(read.arrays.size(), arrays.size());
        for (const auto& [name, array] : arrays)
            QVERIFY2(sameBytes(array, read.arrays.at(name)), name.c_str());
        QCOMPARE(read.metadata.at("made by"), std::string("a test"));
        for (const auto& [name, array] : read.arrays)
            QCOMPARE(reinterpret_cast<std::uintptr_t>(array.bytes.data()) % bytesPerElement(array.dtype), 0u);

        writeSafetensors(folder / "b.safetensors", arrays, {{"made by", "a test"}});
        QCOMPARE(readTextFile(folder / "a.safetensors"), readTextFile(folder / "b.safetensors"));
    }

    void metadataMayBeNull()
    {
        const std::string header = R"({"__metadata__":null})";
        std::string file(8, '\0');
        file[0] = static_cast<char>(header.size());
        file += header;
        const auto read = parseSafetensors(std::as_bytes(std::span(file)), nullptr, "test");
        QVERIFY(read.metadata.empty() && read.arrays.empty());
    }

    void writesStridedArraysInRowMajorOrder()
    {
        const TemporaryFolder folder;
        auto transposed = arrayFrom<float>(DType::F32, {3, 2}, {1, 2, 3, 4, 5, 6});
        transposed.strides = {1, 3};
        writeSafetensors(folder / "a.safetensors", {{"t", transposed}});
        const auto read = readSafetensors(folder / "a.safetensors");
        QVERIFY(sameBytes(read.arrays.at("t"), arrayFrom<float>(DType::F32, {3, 2}, {1, 4, 2, 5, 3, 6})));
    }

    void readsAModelFolderAndItsShards()
    {
        const TemporaryFolder folder;
        const auto one = arrayFrom<float>(DType::F32, {1}, {1});
        const auto two = arrayFrom<float>(DType::F32, {1}, {2});
        writeSafetensors(folder / "model-00001-of-00002.safetensors", {{"one", one}});
        writeSafetensors(folder / "model-00002-of-00002.safetensors", {{"two", two}});
        const auto index = folder / "model.safetensors.index.json";
        test::writeText(index, R"({"metadata": {"total_size": 8}, "weight_map": {
            "one": "model-00001-of-00002.safetensors", "two": "model-00002-of-00002.safetensors"}})");
        const auto read = readSafetensors(index);
        QCOMPARE(read.arrays.size(), 2u);
        QVERIFY(sameBytes(read.arrays.at("two"), two));

        test::writeText(index, R"({"weight_map": {"three": "model-00001-of-00002.safetensors"}})");
        QVERIFY(errorOf([&] { readSafetensors(index); }).find("does not hold it") != std::string::npos);
        test::writeText(index, R"({"weight_map": {"one": "../elsewhere.safetensors"}})");
        QVERIFY(errorOf([&] { readSafetensors(index); }).find("must be beside it") != std::string::npos);
        test::writeText(index, R"({"weight_map": {"one": "absent.safetensors"}})");
        QVERIFY(errorOf([&] { readSafetensors(index); }).find("absent.safetensors") != std::string::npos);
    }

    void refusesWithOneSentence_data()
    {
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<int>("dataBytes");
        QTest::addColumn<QByteArray>("expected");
        const auto row = [](const char* name, const char* header, int dataBytes, const char* expected) {
            QTest::newRow(name) << QByteArray(header) << dataBytes << QByteArray(expected);
        };
        row("no json", "{\"a\": ", 0, "not a JSON object");
        row("array", "[]", 0, "not a JSON object");
        row("key twice",
            R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
            1, "twice");
        row("inner key twice", R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1, "twice");
        row("missing shape", R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1, "lacks");
        row("negative side", R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1, "whole numbers");
        row("fraction", R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", 1, "whole numbers");
        row("overflow", R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
            "too large");
        row("side too large", R"({"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,1]}})", 1,
            "too large");
        row("wrong size", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "needs 8 bytes");
        row("backwards", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1, "needs 1 bytes");
        row("truncated", R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", 8, "truncated");
        row("overlap",
            R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
            3, "overlap");
        row("gap", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "gap");
        row("rest", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 2, "follow");
        row("float4", R"({"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}})", 1, "F4");
        row("metadata", R"({"__metadata__":{"a":1}})", 0, "not text");
        row("not an object", R"({"a":7})", 0, "lacks");
    }
    void refusesWithOneSentence()
    {
        QFETCH(QByteArray, header);
        QFETCH(int, dataBytes);
        QFETCH(QByteArray, expected);
        const auto message =
            errorOf([&] { parseText(fileWith(header.toStdString(), static_cast<std::size_t>(dataBytes))); });
        QVERIFY2(message.starts_with("case"), message.c_str());
        QVERIFY2(message.find(expected.toStdString()) != std::string::npos, message.c_str());
    }

    void deepNestingIsAnErrorNotAnOverflow()
    {
        std::string header = R"({"a":)" + std::string(200000, '[') + std::string(200000, ']') + "}";
        QVERIFY(!errorOf([&] { parseText(fileWith(header, 0)); }).empty());
    }

    void headerLengthOutOfRangeIsAnError()
    {
        for (const std::uint64_t length : {std::uint64_t{100}, std::uint64_t{99'999'999}, ~std::uint64_t{0}}) {
            std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
            const auto message = errorOf([&] { parseText(bytes + "{}"); });
            QVERIFY2(message.ends_with("fetch the file again"), message.c_str());
        }
    }

    void everyTruncationIsAnError()
    {
        const TemporaryFolder folder;
        writeSafetensors(folder / "a.safetensors", {{"a", arrayFrom<float>(DType::F32, {3}, {1, 2, 3})}});
        const auto whole = readTextFile(folder / "a.safetensors");
        parseText(whole);
        for (std::size_t length = 0; length < whole.size(); ++length)
            QVERIFY2(!errorOf([&] { parseText(whole.substr(0, length)); }).empty(), std::to_string(length).c_str());
    }
};

QTEST_APPLESS_MAIN(SafetensorsTest)
#include "tst_safetensors.moc"
