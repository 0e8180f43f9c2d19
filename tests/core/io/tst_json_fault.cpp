#include "core/io/json_fault.h"
#include "tests/support/test_data.h"

#include <QTest>

using namespace nanodit;

/// What nlohmann::json says depends on its version: each fault is made, not quoted.
class TestJsonFault : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void namesWhatIsWrong()
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
        QCOMPARE(faultOf([&] { (void)value.at("step's"); }), std::string("it lacks \"step's\""));
        QCOMPARE(faultOf([&] { (void)value.at("name").get<std::string>(); }),
                 std::string("a value is of the type number where string was expected"));
        QCOMPARE(faultOf([&] { (void)value.at("list").at(2); }),
                 std::string("a value is missing or of another type than expected"));
    }

    void aDamagedTextIsNamed()
    {
        QCOMPARE(valueOfJson<std::vector<int>>("[1, 2]", "the list"), (std::vector{1, 2}));
        QCOMPARE(test::errorOf([] { valueOfJson<std::vector<int>>("[1, 2", "the list"); }),
                 std::string("the list is damaged (line 1, column 6 is not valid JSON)"));
        QCOMPARE(test::errorOf([] { valueOfJson<int>("\"a\"", "the number"); }),
                 std::string("the number is damaged (a value is of the type string where number was expected)"));
    }
};

QTEST_APPLESS_MAIN(TestJsonFault)
#include "tst_json_fault.moc"
