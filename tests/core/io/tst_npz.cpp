#include "core/io/archive_writer.h"
#include "core/io/atomic_file.h"
#include "core/io/mapped_file.h"
#include "core/io/npy.h"
#include "core/io/npz.h"
#include "core/io/zip_directory.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

#include <algorithm>

using namespace nanodit;
using namespace nanodit::test;

namespace {

Array numbers(std::vector<float> values, std::vector<std::int64_t> shape)
{
    const auto bytes = std::as_bytes(std::span(values));
    return arrayOf(DType::F32, std::move(shape), {bytes.begin(), bytes.end()});
}

} // namespace

class TestNpz : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsWrittenIsRead()
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

    void namesKeepTheirLetters()
    {
        const TemporaryFolder folder;
        writeNpz(folder / "a.npz", {{"Größe", numbers({7}, {1})}});
        const auto mapped = MappedFile::open(folder / "a.npz");
        QCOMPARE(readZipDirectory(mapped->bytes(), "a").front().name, std::string("Größe.npy"));
    }

    void equalNumbersMakeEqualFiles()
    {
        const TemporaryFolder folder;
        for (const char* name : {"a.npz", "b.npz"})
            writeNpz(folder / name, {{"x", numbers({7}, {1})}});
        QCOMPARE(readTextFile(folder / "a.npz"), readTextFile(folder / "b.npz"));
    }

    void nothingIsLeftWhereItCannotBeWritten()
    {
        const TemporaryFolder folder;
        writeText(folder / "a file", "");
        QVERIFY(errorOf([&] { writeNpz(folder / "a file" / "a.npz", {}); }).find("a file") != std::string::npos);
        QVERIFY(std::filesystem::is_regular_file(folder / "a file"));
    }
};

QTEST_APPLESS_MAIN(TestNpz)
#include "tst_npz.moc"
