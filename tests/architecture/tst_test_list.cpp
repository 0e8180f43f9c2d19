#include "core/io/atomic_file.h"
#include "tests/support/contains.h"

#include <QTest>

#include <filesystem>
#include <map>
#include <regex>
#include <string>

namespace fs = std::filesystem;
using nanodit::readTextFile;
using nanodit::test::contains;

/// Whether every test is run, and whether those are there that the documentation names.
class TestListTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        for (const auto& entry : fs::recursive_directory_iterator(root_ / "tests")) {
            const auto& path = entry.path();
            if (path.extension() == ".cpp" && path.filename().string().starts_with("tst_"))
                sources_[path.stem().string()] = path;
        }
        QVERIFY(sources_.size() > 200);
    }

    void everyTestIsRun()
    {
        for (const auto& [name, path] : sources_) {
            const auto lists = readTextFile(path.parent_path() / "CMakeLists.txt");
            const auto unit = name.substr(std::string("tst_").size()); // as a loop over units has it
            QVERIFY2(std::regex_search(lists, std::regex("\\b(" + name + "|" + unit + ")\\b")), path.c_str());
        }
    }

    /// Documentation names them so: `tst_unit`: functionsThatShowIt, another; `tst_other`
    void testsThatAreNamedAreThere()
    {
        const std::regex named("`(tst_\\w+)`(?:: (\\w+(?:, \\w+)*))?"), function("[a-z]+[A-Z]\\w*");
        int count = 0;
        for (const auto& page : fs::directory_iterator(root_ / "docs")) {
            if (page.path().extension() != ".md")
                continue;
            const auto text = readTextFile(page.path());
            for (std::sregex_iterator match(text.begin(), text.end(), named), end; match != end; ++match) {
                const auto where = page.path().filename().string() + ": " + match->str();
                const auto source = sources_.find((*match)[1].str());
                QVERIFY2(source != sources_.end(), where.c_str());
                const auto functions = (*match)[2].str();
                const auto code = readTextFile(source->second);
                for (std::sregex_iterator one(functions.begin(), functions.end(), function); one != end; ++one) {
                    QVERIFY2(contains(code, one->str() + "()"), where.c_str());
                    ++count;
                }
            }
        }
        QVERIFY(count > 100);
    }

private:
    const fs::path root_ = SOURCE_ROOT;
    std::map<std::string, fs::path> sources_; ///< By name.
};

QTEST_APPLESS_MAIN(TestListTest)
#include "tst_test_list.moc"
