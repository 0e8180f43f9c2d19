#include "core/io/atomic_file.h"

#include <QTest>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <regex>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Literal {
    int line = 0;
    std::string text; ///< As in the source, without its quotes; adjacent literals are joined.
};

/// The string literals of a source that are not raw, without comments and includes.
std::vector<Literal> literalsOf(const std::string& source)
{
    std::vector<Literal> found;
    int line = 1;
    bool joins = false; // only white space since the last literal
    const auto skipTo = [&](std::size_t from, const std::string& end) {
        const auto at = std::min(source.size(), source.find(end, from));
        line += static_cast<int>(std::count(source.begin() + static_cast<std::ptrdiff_t>(from),
                                            source.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
        return at;
    };
    for (std::size_t i = 0; i < source.size(); ++i) {
        const char c = source[i];
        if (source.compare(i, 2, "//") == 0 || c == '#') {
            i = skipTo(i, "\n") - 1;
        } else if (source.compare(i, 2, "/*") == 0) {
            i = skipTo(i, "*/") + 1;
        } else if (source.compare(i, 2, "R\"") == 0) {
            const auto open = source.find('(', i);
            i = skipTo(i, ")" + source.substr(i + 2, open - i - 2) + "\"") + 1 + (open - i - 2);
            joins = false;
        } else if (c == '\'' && i > 0 && std::isalnum(static_cast<unsigned char>(source[i - 1])) != 0) {
            continue; // between the digits of a number
        } else if (c == '\'') {
            for (++i; i < source.size() && source[i] != '\''; ++i)
                i += source[i] == '\\';
            joins = false;
        } else if (c == '"') {
            if (!joins)
                found.push_back({.line = line, .text = {}});
            for (++i; i < source.size() && source[i] != '"'; ++i) {
                if (source[i] == '\\')
                    found.back().text += source[i++];
                found.back().text += source[i];
            }
            joins = true;
        } else if (c == '\n') {
            ++line;
        } else if (c != ' ' && c != '\t') {
            joins = false;
        }
    }
    return found;
}

/// An option or a command of the program `nanodit`. Scripts of the source tree may be named, with their options.
bool namesTheCommandLine(std::string text)
{
    static const std::regex script("packaging/[a-z-]+( --[a-z-]+)*");
    static const std::regex typed("(^|[^a-z(-])--[a-z]|\\bnanodit [a-z]");
    return std::regex_search(std::regex_replace(text, script, ""), typed);
}

/// Where the words are no message of the engine.
const std::map<std::string, const char*> exceptions = {
    {"core/demo/train_encoders.cpp", "the README of encoders names the command that made them"},
    {"core/demo/train_text.cpp", "the options are those of SentencePiece's trainer"},
    {"core/doctor/encoder_judgement.cpp", "advice that `nanodit doctor` alone prints"},
    {"core/doctor/gpu_judgement.cpp", "advice that `nanodit doctor` alone prints"},
    {"core/doctor/judgement.cpp", "advice that `nanodit doctor` alone prints"},
    {"core/doctor/library_judgement.cpp", "advice that `nanodit doctor` alone prints"},
    {"core/doctor/machine_judgement.cpp", "advice that `nanodit doctor` alone prints"},
    {"core/doctor/window_time.cpp", "the options are those of the window's program, which it starts"},
};

} // namespace

/// The engine states facts: what to type, or to press, each face says for itself (core/runtime/remedy.h).
class MessagesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void noMessageOfTheEngineNamesTheCommandLine()
    {
        const fs::path root = SOURCE_ROOT;
        QStringList naming;
        int literals = 0;
        for (const auto& entry : fs::recursive_directory_iterator(root / "core")) {
            const auto ending = entry.path().extension();
            const auto name = fs::relative(entry.path(), root).generic_string();
            if ((ending != ".h" && ending != ".cpp") || exceptions.count(name) != 0)
                continue;
            for (const auto& literal : literalsOf(nanodit::readTextFile(entry.path()))) {
                ++literals;
                if (namesTheCommandLine(literal.text))
                    naming << QString::fromStdString(name + ":" + std::to_string(literal.line) + ": " + literal.text);
            }
        }
        QVERIFY(literals > 1000);
        QVERIFY2(naming.isEmpty(), qPrintable(naming.join(QLatin1Char('\n'))));
    }

    void aPlantedCommandIsFound()
    {
        const auto found =
            literalsOf("// \"--out\"\n#include \"--out\"\nthrow Error(\"it is there; run \\\"nano\"\n"
                       "    \"dit shard\\\" \" + name);\nint n = 1'000; char c = '\"'; auto page = R\"(--ink)\";\n"
                       "auto more = \"allow more with --memory\";\n");
        QCOMPARE(found.size(), std::size_t(2));
        QCOMPARE(found[0].line, 3);
        QCOMPARE(found[1].line, 6);
        QVERIFY(namesTheCommandLine(found[0].text));
        QVERIFY(namesTheCommandLine(found[1].text));
        QVERIFY(namesTheCommandLine("--overwrite replaces it"));
        QVERIFY(!namesTheCommandLine("built by packaging/start --cuda"));
        QVERIFY(!namesTheCommandLine("fill: var(--s1)"));
        QVERIFY(!namesTheCommandLine("one -- two"));
    }
};

QTEST_APPLESS_MAIN(MessagesTest)
#include "tst_messages.moc"
