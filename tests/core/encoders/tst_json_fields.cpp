#include "core/encoders/json_fields.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <string>

using namespace nanodit;
using nanodit::test::contains;
using nanodit::test::errorOf;

namespace {

/// The text as an editor of Windows saves it as "Unicode": UTF-16, the low byte first, with a mark.
std::string utf16(const std::string& ascii)
{
    std::string bytes = "\xff\xfe";
    for (const char c : ascii) {
        bytes += c;
        bytes += '\0';
    }
    return bytes;
}

} // namespace

class JsonFieldsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aConfigurationIsReadInTheEncodingsOfEditors()
    {
        const test::TemporaryFolder folder;
        const std::string text = R"({"patch_size": 14})";
        for (const auto& bytes : {text, "\xef\xbb\xbf" + text, utf16(text)}) {
            test::writeText(folder / "config.json", bytes);
            QCOMPARE(JsonFields::read(folder / "config.json").integer("patch_size", 16), 14);
        }
    }

    void whatIsNoConfigurationIsNamed()
    {
        const test::TemporaryFolder folder;
        const auto refusalOf = [&](const std::string& bytes) {
            test::writeText(folder / "config.json", bytes);
            return errorOf([&] { JsonFields::read(folder / "config.json"); });
        };
        QVERIFY(contains(refusalOf(R"({"patch_size": )"), "config.json is not valid JSON"));
        QVERIFY(contains(refusalOf(utf16("[1]")), "config.json holds a JSON array where an object was expected"));
        QVERIFY(contains(refusalOf("\xff\xfe\x00"), "config.json"));
        QVERIFY(contains(refusalOf("<!DOCTYPE html><html></html>"), "config.json is a web page"));
    }
};

QTEST_APPLESS_MAIN(JsonFieldsTest)
#include "tst_json_fields.moc"
