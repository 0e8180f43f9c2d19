#include "core/io/archive_writer.h"
#include "core/io/atomic_file.h"
#include "core/io/mapped_file.h"
#include "core/io/npy.h"
#include "core/io/npz.h"
#include "core/io/zip_directory.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>
#include <cstring>

using namespace nanodit;
using namespace nanodit::test;

namespace {

/// A file of the given version with the header padded as numpy does.
std::string npyWith(std::string header, const std::string& data, int version = 1)
{
    const std::size_t lengthBytes = version == 1 ? 2 : 4;
    while ((8 + lengthBytes + header.size() + 1) % 64 != 0)
        header += ' ';
    header += '\n';
    std::string file("\x93NUMPY");
    file += static_cast<char>(version);
    file += '\0';
    for (std::size_t i = 0; i < lengthBytes; ++i)
        file += static_cast<char>(header.size() >> (8 * i));
    return file + header + data;
}

Array parse(const std::string& file)
{
    const auto owner = std::make_shared<const std::string>(file);
    return parseNpy(std::as_bytes(std::span(owner->data(), owner->size())), owner, "case.npy");
}

template<typename Element>
std::vector<Element> elementsOf(const Array& array)
{
    const auto ordered = inRowMajorOrder(array);
    std::vector<Element> elements(ordered.bytes.size() / sizeof(Element));
    if (!elements.empty())
        std::memcpy(elements.data(), ordered.bytes.data(), ordered.bytes.size());
    return elements;
}

template<typename Element>
std::string raw(const std::vector<Element>& elements)
{
    return {reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(Element)};
}

const std::string sixShorts = raw<std::int16_t>({1, 2, 3, 4, 5, 6});

Array numbers(std::vector<float> values, std::vector<std::int64_t> shape)
{
    const auto bytes = std::as_bytes(std::span(values));
    return arrayOf(DType::F32, std::move(shape), {bytes.begin(), bytes.end()});
}

} // namespace

/// Arrays in files of their own and in archives.
class NpyTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsVersionsOrdersAndEndianness()
    {
        const std::vector<std::int16_t> inOrder = {1, 2, 3, 4, 5, 6};
        for (const int version : {1, 2, 3})
            QCOMPARE(elementsOf<std::int16_t>(parse(
                         npyWith("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }", sixShorts, version))),
                     inOrder);
        const auto fortran = parse(npyWith("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }",
                                           raw<std::int16_t>({1, 4, 2, 5, 3, 6})));
        QCOMPARE(fortran.shape, (std::vector<std::int64_t>{2, 3}));
        QCOMPARE(fortran.strides, (std::vector<std::int64_t>{1, 2}));
        QCOMPARE(elementsOf<std::int16_t>(fortran), inOrder);
        const auto big = parse(npyWith("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }",
                                       raw<std::int16_t>({0x100, 0x400, 0x200, 0x500, 0x300, 0x600})));
        QCOMPARE(elementsOf<std::int16_t>(big), inOrder);
        // A complex number is swapped by halves.
        const auto complex = parse(npyWith("{'descr': '>c8', 'fortran_order': False, 'shape': (1,), }",
                                           std::string("\x3f\x80\0\0\x40\0\0\0", 8)));
        QCOMPARE(elementsOf<float>(complex), (std::vector<float>{1, 2}));
    }

    void readsOtherSpellings()
    {
        QCOMPARE(parse(npyWith("{\"shape\":(2L,3L),\"descr\":\"<i2\",\"fortran_order\":False}", sixShorts)).shape,
                 (std::vector<std::int64_t>{2, 3}));
        QCOMPARE(parse(npyWith("{'descr': '=i2', 'fortran_order': False, 'shape': (6,)}", sixShorts)).dtype,
                 DType::I16);
        QCOMPARE(parse(npyWith("{'descr': '|V2', 'fortran_order': False, 'shape': (6,)}", sixShorts)).dtype,
                 DType::BF16);
        QCOMPARE(parse(npyWith("{'descr': '?', 'fortran_order': False, 'shape': (1,)}", "\1")).dtype, DType::Bool);
    }

    void readsScalarsAndEmptyArrays()
    {
        const auto scalar =
            parse(npyWith("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", raw<float>({2.5})));
        QVERIFY(scalar.shape.empty());
        QCOMPARE(elementsOf<float>(scalar), (std::vector<float>{2.5}));
        QCOMPARE(parse(npyWith("{'descr': '<f2', 'fortran_order': True, 'shape': (0, 32), }", "")).elements(), 0);
    }

    void ignoresTrailingBytesAsNumpyDoes()
    {
        const auto array =
            parse(npyWith("{'descr': '<i2', 'fortran_order': False, 'shape': (6,), }", sixShorts + "abc"));
        QCOMPARE(array.bytes.size(), 12u);
    }

    void givesBackWhatWasWritten()
    {
        const TemporaryFolder folder;
        for (const auto type :
             {DType::Bool, DType::U8, DType::I8, DType::I16, DType::I32, DType::I64, DType::U16, DType::U32, DType::U64,
              DType::F16, DType::BF16, DType::F32, DType::F64, DType::C64, DType::C128}) {
            for (const std::vector<std::int64_t>& shape :
                 {std::vector<std::int64_t>{}, {1}, {0}, {2, 3}, {2, 1, 0}, {1, 2, 3, 4}}) {
                std::vector<std::byte> bytes(static_cast<std::size_t>(*checkedProduct(shape, bytesPerElement(type))));
                for (std::size_t i = 0; i < bytes.size(); ++i)
                    bytes[i] = static_cast<std::byte>(i * 37 + 1);
                const auto array = arrayOf(type, shape, bytes);
                writeNpy(folder / "a.npy", array);
                const auto read = readNpy(folder / "a.npy");
                QCOMPARE(read.dtype, type);
                QCOMPARE(read.shape, shape);
                QVERIFY(std::ranges::equal(read.bytes, bytes));
                QCOMPARE(readNpyHeader(folder / "a.npy").dataOffset % 64, 0u);
                QCOMPARE(npyFileBytes(type, shape),
                         static_cast<std::int64_t>(std::filesystem::file_size(folder / "a.npy")));
            }
        }
        auto transposed = arrayOf(DType::I16, {3, 2}, [] {
            std::vector<std::byte> bytes(12);
            std::memcpy(bytes.data(), sixShorts.data(), 12);
            return bytes;
        }());
        transposed.strides = {1, 3};
        writeNpy(folder / "a.npy", transposed);
        QCOMPARE(elementsOf<std::int16_t>(readNpy(folder / "a.npy")), (std::vector<std::int16_t>{1, 4, 2, 5, 3, 6}));
    }

    void refusesWithOneSentence_data()
    {
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<QByteArray>("expected");
        const auto row = [](const char* name, const char* header, const char* expected) {
            QTest::newRow(name) << QByteArray(header) << QByteArray(expected);
        };
        row("objects", "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "Python objects");
        row("structured", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "structured");
        row("text", "{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }", "<U4");
        row("negative", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "negative");
        row("overflow", "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "too large");
        row("beyond 64 bits", "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
            "whole numbers");
        row("code", "{'descr': __import__('os').system('touch pwned'), 'fortran_order': False, 'shape': (1,), }",
            "lacks");
        row("fraction", "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,), }", "lacks");
        row("missing", "{'descr': '<f4', 'shape': (1,), }", "dictionary");
        row("twice", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "unexpected key");
        row("unknown", "{'descr': '<f4', 'other': True, 'fortran_order': False, 'shape': (1,), }", "unexpected key");
        row("trailing", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } + 1", "dictionary");
        row("short", "{'descr': '<f4', 'fortran_order': False, 'shape': (100,), }", "truncated");
        row("not closed", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,", "whole numbers");
        row("nothing", "", "lacks");
    }
    void refusesWithOneSentence()
    {
        QFETCH(QByteArray, header);
        QFETCH(QByteArray, expected);
        const auto message = errorOf([&] { parse(npyWith(header.toStdString(), raw<float>({1, 2}))); });
        QVERIFY2(message.starts_with("case.npy"), message.c_str());
        QVERIFY2(message.find(expected.toStdString()) != std::string::npos, message.c_str());
        QVERIFY(!std::filesystem::exists("pwned"));
    }

    void refusesOtherFiles()
    {
        const auto good = npyWith("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", raw<float>({1}));
        auto version = good;
        version[6] = 9;
        QVERIFY(errorOf([&] { parse(version); }).find("version 9.0") != std::string::npos);
        auto magic = good;
        magic[5] = 'X';
        QVERIFY(errorOf([&] { parse(magic); }).find("not an .npy file") != std::string::npos);
        QVERIFY(errorOf([&] { parse("hello"); }).find("not an .npy file") != std::string::npos);
    }

    void everyTruncationIsAnError()
    {
        for (const int version : {1, 2}) {
            const auto whole =
                npyWith("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }", sixShorts, version);
            for (std::size_t length = 0; length < whole.size(); ++length) {
                const auto message = errorOf([&] { parse(whole.substr(0, length)); });
                QVERIFY2(message.find("truncated") != std::string::npos, (std::to_string(length) + message).c_str());
            }
        }
    }

    void whatIsWrittenToAnArchiveIsRead()
    {
        const TemporaryFolder folder;
        const auto file = folder / "numbers.npz";
        const NamedArrays arrays = {{"shares", numbers({1, 2, 3, 4, 5, 6}, {2, 3})}, {"none", numbers({}, {0, 4})}};
        writeNpz(file, arrays);
        const auto mapped = MappedFile::open(file);
        const auto records = readZipDirectory(mapped->bytes(), "numbers");
        QCOMPARE(records.size(), 2U);
        for (std::size_t i = 0; i < 2; ++i) {
            QCOMPARE(records[i].name, arrays[i].first + ".npy");
            QVERIFY(records[i].checksum != 0 && records[i].checksumHolds());
            const auto read = parseNpy(records[i].data, mapped, "array");
            QCOMPARE(read.shape, arrays[i].second.shape);
            QVERIFY(std::ranges::equal(read.bytes.first(arrays[i].second.bytes.size()), arrays[i].second.bytes));
        }
    }

    /// A plain zip counts up to 65,535 files: beyond that, as beyond 4 GiB, the directory is in ZIP64.
    void moreArraysThanAPlainZipCountsAreRead()
    {
        constexpr std::size_t count = 70'000;
        std::vector<std::byte> bytes;
        ArchiveWriter zip(ArchiveFormat::Zip, [&bytes](std::span<const std::byte> piece) {
            bytes.insert(bytes.end(), piece.begin(), piece.end());
        });
        const auto content = npyBytes(numbers({1, 2}, {2}));
        for (std::size_t i = 0; i < count; ++i)
            zip.add(std::to_string(i) + ".npy", content);
        zip.finish();
        const auto records = readZipDirectory(bytes, "many");
        QCOMPARE(records.size(), count);
        QCOMPARE(records.back().name, std::to_string(count - 1) + ".npy");
        QVERIFY(std::ranges::equal(records.back().data, content) && records.back().checksumHolds());
    }

    void namesInAnArchiveKeepTheirLetters()
    {
        const TemporaryFolder folder;
        writeNpz(folder / "a.npz", {{"Größe", numbers({7}, {1})}});
        const auto mapped = MappedFile::open(folder / "a.npz");
        QCOMPARE(readZipDirectory(mapped->bytes(), "a").front().name, std::string("Größe.npy"));
    }

    void equalNumbersMakeEqualArchives()
    {
        const TemporaryFolder folder;
        for (const char* name : {"a.npz", "b.npz"})
            writeNpz(folder / name, {{"x", numbers({7}, {1})}});
        QCOMPARE(readTextFile(folder / "a.npz"), readTextFile(folder / "b.npz"));
    }

    void nothingIsLeftOfAnArchiveThatCannotBeWritten()
    {
        const TemporaryFolder folder;
        writeText(folder / "a file", "");
        QVERIFY(errorOf([&] { writeNpz(folder / "a file" / "a.npz", {}); }).find("a file") != std::string::npos);
        QVERIFY(std::filesystem::is_regular_file(folder / "a file"));
    }
};

QTEST_APPLESS_MAIN(NpyTest)
#include "tst_npy.moc"
