#include "tests/architecture/include_graph.h"

#include <QTest>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

/// Who may include whom within app, read from the sources; what other headers bring along counts.
class AppArchitectureTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void onlyTheWindowKnowsThePages();
    void aPageKnowsNoOtherPage();
    void theSessionKnowsNoController();
    void aControllerKnowsNoOther();
    void aPlantedIncludeIsFound();

private:
    IncludeGraph graph_;
};

namespace {

const std::string pagesFolder = "app/pages/";
const std::vector<std::string> controllers = {"app/dataset_jobs", "app/training", "app/looking", "app/sampling",
                                              "app/validating"};

bool isWithin(const std::string& name, const std::string& folder)
{
    return name.rfind(folder, 0) == 0;
}

/// "app/pages/train/" of a file of the Train page; empty for a file that is in no page's folder.
std::string pageFolder(const std::string& file)
{
    const auto end = file.find('/', pagesFolder.size());
    return end == std::string::npos ? std::string() : file.substr(0, end + 1);
}

/// A sentence for each header that `file` reaches though it is `unwanted`.
std::vector<std::string> arrows(const IncludeGraph& graph, const std::string& file,
                                const std::function<bool(const std::string& header)>& unwanted)
{
    std::vector<std::string> found;
    for (const auto& header : reach(graph, file)) {
        if (unwanted(header))
            found.push_back(file + " reaches " + header);
    }
    return found;
}

/// Arrows into the pages from files that are not to know them: all but the main window, what links its pages, and the
/// pages themselves.
std::vector<std::string> arrowsIntoThePages(const IncludeGraph& graph)
{
    std::vector<std::string> all;
    for (const auto& [file, includes] : graph) {
        if (isWithin(file, pagesFolder) || isWithin(file, "app/main_window.") || file == "app/page_links.cpp")
            continue;
        const auto found = arrows(graph, file, [](const auto& header) { return isWithin(header, pagesFolder); });
        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

std::vector<std::string> arrowsBetweenPages(const IncludeGraph& graph)
{
    std::vector<std::string> all;
    for (const auto& [file, includes] : graph) {
        if (!isWithin(file, pagesFolder))
            continue;
        const auto own = pageFolder(file);
        if (own.empty())
            all.push_back(file + " is in no page's folder");
        const auto found = arrows(graph, file, [&own](const auto& header) {
            return isWithin(header, pagesFolder) && !isWithin(header, own);
        });
        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

QByteArray lines(const std::vector<std::string>& texts)
{
    QByteArray all;
    for (const auto& text : texts)
        all += '\n' + QByteArray::fromStdString(text);
    return all;
}

} // namespace

void AppArchitectureTest::initTestCase()
{
    graph_ = readIncludes(SOURCE_ROOT, {"app", "widgets"});
    QVERIFY(std::count_if(graph_.begin(), graph_.end(),
                          [](const auto& file) { return isWithin(file.first, pagesFolder); }) > 50);
}

void AppArchitectureTest::onlyTheWindowKnowsThePages()
{
    const auto found = arrowsIntoThePages(graph_);
    QVERIFY2(found.empty(), lines(found).constData());
}

void AppArchitectureTest::aPageKnowsNoOtherPage()
{
    const auto found = arrowsBetweenPages(graph_);
    QVERIFY2(found.empty(), lines(found).constData());
}

void AppArchitectureTest::theSessionKnowsNoController()
{
    QVERIFY(graph_.count("app/session.cpp") == 1);
    const auto found = arrows(graph_, "app/session.cpp", [](const auto& header) {
        return header == "app/controllers.h" ||
               std::any_of(controllers.begin(), controllers.end(),
                           [&](const auto& controller) { return header == controller + ".h"; });
    });
    QVERIFY2(found.empty(), lines(found).constData());
}

void AppArchitectureTest::aControllerKnowsNoOther()
{
    const auto all = reach(graph_, "app/controllers.h");
    for (const auto& own : controllers) {
        QVERIFY2(all.count(own + ".h") == 1, (own + " is no controller").c_str());
        const auto found = arrows(graph_, own + ".cpp", [&own](const auto& header) {
            return std::any_of(controllers.begin(), controllers.end(),
                               [&](const auto& other) { return other != own && header == other + ".h"; });
        });
        QVERIFY2(found.empty(), lines(found).constData());
    }
}

void AppArchitectureTest::aPlantedIncludeIsFound()
{
    auto planted = graph_;
    planted.at("app/run_previews.h").push_back("app/pages/train/mechanism_view.h");
    const auto intoPages = lines(arrowsIntoThePages(planted));
    QVERIFY2(intoPages.contains("\napp/run_previews.h reaches app/pages/train/mechanism_view.h"),
             intoPages.constData());
    QVERIFY2(intoPages.contains("\napp/training.cpp reaches app/pages/train/mechanism_view.h"), intoPages.constData());
    planted = graph_;
    planted.at("app/pages/runs/run_rows.h").push_back("app/pages/validate/validation_view.h");
    planted["app/pages/loose.h"] = {};
    const auto between = lines(arrowsBetweenPages(planted));
    QVERIFY2(between.contains("\napp/pages/runs/runs_page.cpp reaches app/pages/validate/validation_view.h"),
             between.constData());
    QVERIFY2(between.contains("\napp/pages/loose.h is in no page's folder"), between.constData());
}

QTEST_APPLESS_MAIN(AppArchitectureTest)
#include "tst_app_architecture.moc"
