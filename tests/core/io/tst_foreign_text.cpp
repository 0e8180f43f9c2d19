#include "core/io/foreign_text.h"
#include "core/io/json_fault.h"
#include "core/io/utf8.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <string>

using namespace nanodit;
using namespace std::string_literals;

/// Texts from elsewhere: how they are shown, and what is wrong with JSON. What nlohmann::json says of that depends on
/// its version: each fault is made, not quoted.
class ForeignTextTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void encodingsBecomeUtf8()
    {
        QCOMPARE(*utf8FromFile("\xEF\xBB\xBF"
                               "caf\xc3\xa9"),
                 "caf\xc3\xa9"s);
        QCOMPARE(*utf8FromFile("\xFF\xFE"
                               "c\0a\0\xe9\0"s),
                 "ca\xc3\xa9"s);
        QCOMPARE(*utf8FromFile("\xFE\xFF\0c\0a\0\xe9"s), "ca\xc3\xa9"s);
        QCOMPARE(*utf8FromFile("a\0 \0r\0e\0d\0"s), "a red"s);                     // PowerShell, without a mark
        QCOMPARE(*utf8FromFile("\xFF\xFE\x3d\xd8\x31\xdc"s), "\xF0\x9F\x90\xB1"s); // a pair of surrogates
        QCOMPARE(*utf8FromFile("\xFF\xFE\x3d\xd8"s), "\xEF\xBF\xBD"s);             // one alone
        QCOMPARE(*utf8FromFile("a red car\0\0\0"s), "a red car"s);
        QCOMPARE(*utf8FromFile(""), ""s);
        QVERIFY(!utf8FromFile("caf\xe9"));           // Latin-1
        QVERIFY(!utf8FromFile("\x90\xd4\x82\xa2"));  // Shift-JIS
        QVERIFY(!utf8FromFile("\x1b$BF|K\\\x1b(B")); // ISO-2022-JP
    }

    void jsonOfPythonIsRead()
    {
        const auto parsed =
            parseForeignJson(R"({"a": NaN, "b": [Infinity, -Infinity], "c": "NaN stays", "d": -1.5e3})");
        QCOMPARE(parsed.fault, ""s);
        QVERIFY(parsed.value ==
                nlohmann::json::parse(R"({"a": null, "b": [null, null], "c": "NaN stays", "d": -1500})"));
    }

    void numbersThatNoDoubleHoldsCostNothingElse()
    {
        const auto parsed = parseForeignJson("{\"a\": 1e999, \"b\": -1e999, \"c\": 1e-999, \"d\": 1.5, \"e\": " +
                                             std::string(400, '9') + ", \"f\": -nan, \"g\": \"1e999\"}");
        QCOMPARE(parsed.fault, ""s);
        for (const auto* const key : {"a", "b", "e", "f"})
            QVERIFY2(parsed.value[key].is_null(), key);
        QCOMPARE(parsed.value["c"].get<double>(), 0.0);
        QCOMPARE(parsed.value["d"].get<double>(), 1.5);
        QCOMPARE(parsed.value["g"].get<std::string>(), "1e999"s);
    }

    void longWholeNumbersKeepTheirDigits()
    {
        const auto parsed = parseForeignJson(R"({"a": 123456789012345678901234567890, "b": -9223372036854775809,
                                                 "c": 18446744073709551615, "d": -9223372036854775808, "e": [1e20]})");
        QCOMPARE(parsed.fault, ""s);
        QCOMPARE(parsed.value["a"].get<std::string>(), "123456789012345678901234567890"s);
        QCOMPARE(parsed.value["b"].get<std::string>(), "-9223372036854775809"s);
        QVERIFY(parsed.value["c"].get<std::uint64_t>() == 18446744073709551615u);
        QVERIFY(parsed.value["d"].is_number_integer());
        QVERIFY(parsed.value["e"][0].is_number_float());
    }

    void loneSurrogatesAndControlCharactersAreReplaced()
    {
        const auto parsed = parseForeignJson("{\"s\": \"half \\ud83d here\", \"t\": \"a\tb\nc\", \"z\": \"x\\u0000y\", "
                                             "\"whole\": \"\\ud83d\\udc31\", \"low\": \"\\udc31\", \"q\": \"a\\\"b\"}");
        QCOMPARE(parsed.fault, ""s);
        QCOMPARE(parsed.value["s"].get<std::string>(), "half \xEF\xBF\xBD here"s);
        QCOMPARE(parsed.value["t"].get<std::string>(), "a b c"s);
        QCOMPARE(parsed.value["z"].get<std::string>(), "xy"s);
        QCOMPARE(parsed.value["whole"].get<std::string>(), "\xF0\x9F\x90\xB1"s);
        QCOMPARE(parsed.value["low"].get<std::string>(), "\xEF\xBF\xBD"s);
        QCOMPARE(parsed.value["q"].get<std::string>(), "a\"b"s);
    }

    void whatIsNoJsonIsToldWithoutAnException()
    {
        for (const auto& text :
             {""s, "{"s, "nope"s, "{\"a\": }"s, "\"\\u12"s, "\"\\"s, "[1,]"s, std::string(600, '[')}) {
            const auto parsed = parseForeignJson(text);
            QVERIFY2(!parsed.fault.empty(), text.substr(0, 20).c_str());
        }
        QCOMPARE(parseForeignJson(" \r\n").fault, "it is empty"s);
        QCOMPARE(parseForeignJson("{\"caption\": \"cut").fault, "it ends before it is complete"s);
        QVERIFY(parseForeignJson(std::string(200, '[') + std::string(200, ']')).fault.empty());
    }

    void anyBytesCanBeShownAndWritten()
    {
        const auto shown = printableText("caf\xe9 \xF0\x9F\x90\xB1 \xff");
        QVERIFY(isUtf8(shown));
        QCOMPARE(shown, "caf\xEF\xBF\xBD \xF0\x9F\x90\xB1 \xEF\xBF\xBD"s);
        QVERIFY(isUtf8(dumpForeignJson({{"name", "caf\xe9"}})));
        const nlohmann::ordered_json ordered = {{"b", "/caf\xe9/x"}, {"a", 1}};
        QCOMPARE(dumpForeignJson(ordered, -1), "{\"b\":\"/caf\xEF\xBF\xBD/x\",\"a\":1}"s);
        QCOMPARE(dumpForeignJson(nlohmann::json{{"a", 1}}, 1), "{\n \"a\": 1\n}"s);
    }

    void namesWhatIsWrongWithJson()
    {
        const auto faultOf = [](auto&& use) -> std::string {
            try {
                use();
            } catch (const nlohmann::json::exception& error) {
                return jsonFault(error);
            }
            return "no fault";
        };
        const nlohmann::json value = {{"name", 3}, {"list", {1, 2}}};
        QCOMPARE(faultOf([] { return nlohmann::json::parse("{\n \"a\": ,"); }),
                 std::string("line 2, column 7 is not valid JSON"));
        for (const auto* const cut : {"{\"a\": ", "{\"a\": \"text", "[1,", ""})
            QCOMPARE(faultOf([&] { return nlohmann::json::parse(cut); }), std::string("it ends before it is complete"));
        QCOMPARE(faultOf([&] { (void)value.at("step's"); }), std::string("it lacks \"step's\""));
        QCOMPARE(faultOf([&] { (void)value.at("name").get<std::string>(); }),
                 std::string("a value is of the type number where string was expected"));
        QCOMPARE(faultOf([&] { (void)value.at("list").at(2); }),
                 std::string("a value is missing or of another type than expected"));
    }

    void saysOnceThatATextIsNoJson()
    {
        const auto complaint = [](const std::string& text, JsonText kind) {
            return jsonComplaint(parseForeignJson(text).fault, kind);
        };
        QCOMPARE(complaint("no", JsonText::Line), std::string("is not valid JSON at column 2"));
        QCOMPARE(complaint("{\n \"a\": ,}", JsonText::File), std::string("is not valid JSON at line 2, column 7"));
        QCOMPARE(complaint("{", JsonText::Line), std::string("is not valid JSON (it ends before it is complete)"));
    }

    void aDamagedTextIsNamed()
    {
        QCOMPARE(valueOfJson<std::vector<int>>("[1, 2]", "the list"), (std::vector{1, 2}));
        QCOMPARE(test::errorOf([] { valueOfJson<std::vector<int>>("[1, 2", "the list"); }),
                 std::string("the list is damaged (it ends before it is complete)"));
        QCOMPARE(test::errorOf([] { valueOfJson<int>("\"a\"", "the number"); }),
                 std::string("the number is damaged (a value is of the type string where number was expected)"));
    }
};

QTEST_APPLESS_MAIN(ForeignTextTest)
#include "tst_foreign_text.moc"
