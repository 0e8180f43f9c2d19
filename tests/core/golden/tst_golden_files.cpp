#include "core/golden/exact.h"
#include "core/io/atomic_file.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

std::string failuresOf(const std::vector<GoldenLine>& lines)
{
    std::string failures;
    for (const auto& line : lines)
        if (!line.passed)
            failures += line.name + ": " + line.note + "\n";
    return failures;
}

} // namespace

class GoldenFilesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void webdatasetCaseIsMet()
    {
        const auto lines = runWebdatasetCase(test::dataPath("golden/webdataset"));
        QVERIFY(lines.size() > 40);
        QVERIFY2(failuresOf(lines).empty(), failuresOf(lines).c_str());
    }

    void torchCaseIsMet()
    {
        const auto lines = runTorchFileCase(test::dataPath("golden/torch_pt"));
        QVERIFY(lines.size() > 300);
        QVERIFY2(failuresOf(lines).empty(), failuresOf(lines).c_str());
        QVERIFY(!fs::exists("pwned"));
    }

    void aDifferenceIsNoticed()
    {
        const test::TemporaryFolder folder;
        fs::copy(test::dataPath("golden/webdataset"), folder / "case", fs::copy_options::recursive);
        auto expected = readTextFile(folder / "case/expected.json");
        const auto sum = expected.find("sha256_c_order_little_endian") + 32;
        expected[sum] = expected[sum] == '0' ? '1' : '0';
        fs::remove(folder / "case/expected.json");
        test::writeText(folder / "case/expected.json", expected);
        const auto lines = runWebdatasetCase(folder / "case");
        QCOMPARE(std::count_if(lines.begin(), lines.end(), [](const auto& line) { return !line.passed; }), 1);
    }
};

QTEST_APPLESS_MAIN(GoldenFilesTest)
#include "tst_golden_files.moc"
