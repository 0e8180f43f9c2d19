#include "core/io/own_file.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <string>
#include <vector>

using namespace nanodit;
using test::contains;

namespace {

OwnFile<std::vector<int>> readNumbers(const std::filesystem::path& file)
{
    return readOwnFile<std::vector<int>>(file, "the numbers",
                                         [](const nlohmann::json& json) { return json.get<std::vector<int>>(); });
}

} // namespace

/// What happens to a file of the program's own that is damaged.
class TestOwnFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aGoodFileStaysAndNoneIsEmpty()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "numbers.json";
        const auto none = readNumbers(file);
        QVERIFY(none.value.empty() && none.damage.empty());
        test::writeText(file, "[1, 2]");
        const auto found = readNumbers(file);
        QCOMPARE(found.value, (std::vector{1, 2}));
        QCOMPARE(found.damage, std::string());
        QCOMPARE(readTextFile(file), std::string("[1, 2]"));
    }

    void everyDamagedFileIsKeptUnderANameOfItsOwn()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "numbers.json";
        const std::vector<std::pair<std::string, std::string>> damaged = {
            {"[1, 2", "numbers.json.damaged"}, {"", "numbers.json.damaged-2"}, {"[\"a\"]", "numbers.json.damaged-3"}};
        for (const auto& [text, name] : damaged) {
            test::writeText(file, text);
            const auto found = readNumbers(file);
            QVERIFY(found.value.empty());
            QVERIFY2(contains(found.damage, file.string() + " holds the numbers and is damaged (") &&
                         contains(found.damage, "it was moved to " + name + " beside it"),
                     found.damage.c_str());
            QVERIFY(!std::filesystem::exists(file));
        }
        for (const auto& [text, name] : damaged) // none took another's place
            QCOMPARE(readTextFile(folder / name), text);
        QVERIFY(readNumbers(file).damage.empty()); // it is told once
    }

    void aConfigurationThatCannotBeUsedIsDamage()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "settings.json";
        test::writeText(file, "{}");
        const auto found = readOwnFile<int>(
            file, "settings", [](const nlohmann::json&) -> int { throw ConfigError("unknown key \"stepz\""); });
        QVERIFY2(contains(found.damage, "(unknown key \"stepz\")"), found.damage.c_str());
        QCOMPARE(readTextFile(folder / "settings.json.damaged"), std::string("{}"));
    }

    void whatCannotBeMovedStaysAndIsTold()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / std::string(250, 'n'); // with ".damaged" longer than a name may be
        test::writeText(file, "no JSON");
        for (int time = 0; time < 2; ++time) {
            const auto found = readNumbers(file);
            QVERIFY(found.value.empty());
            QVERIFY2(contains(found.damage, "it could not be moved to "), found.damage.c_str());
            QCOMPARE(readTextFile(file), std::string("no JSON"));
        }
    }
};

QTEST_APPLESS_MAIN(TestOwnFile)
#include "tst_own_file.moc"
