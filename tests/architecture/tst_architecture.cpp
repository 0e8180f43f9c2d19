#include "core/io/atomic_file.h"

#include <QtTest>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

/// Who may include whom, read from the sources themselves.
class ArchitectureTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theEngineIncludesNoQt();
    void theFrontOfTheEngineReachesNoTorch();
    void widgetsKnowOnlyTheBaseAndQt();
    void theAppKnowsTheEngineByItsFrontOnly();
    void coreFoldersUseOnlyThoseBeforeThem();
    void nothingIncludesTorchWhole();
};

namespace {

const fs::path root = SOURCE_ROOT;

/// The folders of core in the order of the data flow, as in core/CMakeLists.txt.
const std::vector<std::string> flow = {"runtime", "config", "io",      "dataset", "encoders", "preprocess", "model",
                                       "sample",  "train",  "inspect", "demo",    "validate", "experiment", "golden"};
/// The engine's front: what app and command line may include of its heavy parts.
const std::vector<std::string> fronts = {"core/workbench.h", "core/inspect/attention_session.h",
                                         "core/inspect/attention_export.h", "core/inspect/kept_certificates.h"};
/// Geometry without dependencies; part of nanodit_base, like runtime, config and io's formats.
const std::set<std::string> ground = {"core/dataset/bucket.h", "core/workbench.h"};

std::vector<fs::path> sources(const std::string& folder)
{
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
        const auto ending = entry.path().extension();
        if (ending == ".h" || ending == ".cpp")
            found.push_back(entry.path());
    }
    return found;
}

std::vector<std::string> includes(const fs::path& file)
{
    static const std::regex line(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re", std::regex::multiline);
    const auto text = nanodit::readTextFile(file);
    std::vector<std::string> found;
    for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it)
        found.push_back((*it)[1]);
    return found;
}

bool isTorch(const std::string& include)
{
    return include.rfind("torch/", 0) == 0 || include.rfind("ATen/", 0) == 0 || include.rfind("c10/", 0) == 0;
}

bool isQt(const std::string& include)
{
    static const std::regex qt("^(Q[A-Z].*|Qt.*|qcustomplot.*)$");
    return std::regex_match(include, qt);
}

/// Every project header that a file includes, directly or not.
std::set<std::string> reach(const fs::path& file)
{
    std::set<std::string> seen;
    std::vector<fs::path> open = {file};
    while (!open.empty()) {
        const auto next = open.back();
        open.pop_back();
        for (const auto& include : includes(next)) {
            if (seen.insert(include).second && fs::exists(root / include))
                open.push_back(root / include);
        }
    }
    return seen;
}

std::string sourceName(const fs::path& file)
{
    return fs::relative(file, root).generic_string();
}

/// "model" of "core/model/nanodit.h"; empty for files directly in core.
std::string coreFolder(const std::string& path)
{
    if (path.rfind("core/", 0) != 0)
        return {};
    const auto slash = path.find('/', 5);
    return slash == std::string::npos ? std::string() : path.substr(5, slash - 5);
}

} // namespace

void ArchitectureTest::theEngineIncludesNoQt()
{
    const auto files = sources("core");
    QVERIFY(files.size() > 10);
    for (const auto& file : files) {
        for (const auto& include : includes(file))
            QVERIFY2(!isQt(include), qPrintable(QString::fromStdString(sourceName(file) + " includes " + include)));
    }
}

void ArchitectureTest::theFrontOfTheEngineReachesNoTorch()
{
    for (const auto& front : fronts) {
        const auto reached = reach(root / front);
        QVERIFY(reached.count("core/io/image.h") == 1);
        for (const auto& include : reached)
            QVERIFY2(!isTorch(include), (front + " reaches " + include).c_str());
    }
}

void ArchitectureTest::widgetsKnowOnlyTheBaseAndQt()
{
    for (const auto& file : sources("widgets")) {
        for (const auto& include : reach(file)) {
            const auto text = sourceName(file) + " reaches " + include;
            QVERIFY2(!isTorch(include), text.c_str());
            QVERIFY2(include.rfind("app/", 0) != 0 && include != "core/workbench.h", text.c_str());
        }
    }
}

void ArchitectureTest::theAppKnowsTheEngineByItsFrontOnly()
{
    static const std::set<std::string> heavy = {"encoders", "preprocess", "model", "train", "sample", "inspect"};
    for (const auto& file : sources("app")) {
        for (const auto& include : includes(file)) {
            const auto text = sourceName(file) + " includes " + include;
            const bool front = std::find(fronts.begin(), fronts.end(), include) != fronts.end();
            QVERIFY2(front || (!isTorch(include) && heavy.count(coreFolder(include)) == 0), text.c_str());
        }
    }
}

void ArchitectureTest::coreFoldersUseOnlyThoseBeforeThem()
{
    std::map<std::string, std::size_t> rank;
    for (std::size_t i = 0; i < flow.size(); ++i)
        rank[flow[i]] = i;
    for (const auto& file : sources("core")) {
        const auto folder = coreFolder(sourceName(file));
        if (folder.empty())
            continue;
        QVERIFY2(rank.count(folder) == 1, ("core/" + folder + " is not in the order of the data flow").c_str());
        for (const auto& include : includes(file)) {
            const auto used = coreFolder(include);
            // runtime, config and io are the ground: they may know each other.
            const bool bothGround = rank[folder] <= rank["io"] && !used.empty() && rank[used] <= rank["io"];
            if (used.empty() || ground.count(include) != 0 || bothGround)
                continue;
            QVERIFY2(rank[used] <= rank[folder],
                     (sourceName(file) + " includes " + include + ", which comes later").c_str());
        }
    }
}

void ArchitectureTest::nothingIncludesTorchWhole()
{
    for (const char* folder : {"core", "app", "widgets", "tests"}) {
        for (const auto& file : sources(folder)) {
            for (const auto& include : includes(file))
                QVERIFY2(include != "torch/torch.h",
                         (sourceName(file) + " includes torch/torch.h: name the headers it needs").c_str());
        }
    }
}

QTEST_APPLESS_MAIN(ArchitectureTest)
#include "tst_architecture.moc"
