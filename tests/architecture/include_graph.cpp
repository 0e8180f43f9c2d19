#include "tests/architecture/include_graph.h"

#include "core/io/atomic_file.h"

#include <algorithm>
#include <regex>

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> flow = {"runtime",    "geometry",   "io",     "config", "dataset", "kernels", "encoders",
                                       "preprocess", "model",      "runs",   "sample", "train",   "inspect", "validate",
                                       "demo",       "experiment", "golden", "doctor", "front"};
/// What widgets may use of core, and app besides the front: values, files and settings, without LibTorch.
const std::set<std::string> base = {"runtime", "geometry", "io", "config"};

bool startsWith(const std::string& text, const char* start)
{
    return text.rfind(start, 0) == 0;
}

bool isTorch(const std::string& include)
{
    return startsWith(include, "torch/") || startsWith(include, "ATen/") || startsWith(include, "c10/");
}

bool isQt(const std::string& include)
{
    static const std::regex qt("^(Q[A-Z].*|Qt.*|qcustomplot.*)$");
    return std::regex_match(include, qt);
}

/// "model" of "core/model/nanodit.h"; empty for what does not lie in a folder of core.
std::string coreFolder(const std::string& path)
{
    if (!startsWith(path, "core/"))
        return {};
    const auto slash = path.find('/', 5);
    return slash == std::string::npos ? std::string() : path.substr(5, slash - 5);
}

std::size_t rankOf(const std::string& folder)
{
    return static_cast<std::size_t>(std::find(flow.begin(), flow.end(), folder) - flow.begin());
}

/// Folders may be nested (core/encoders/sentence_piece): the first one counts.
void checkCore(const std::string& file, const IncludeGraph& graph, std::vector<std::string>& broken)
{
    const auto folder = coreFolder(file);
    if (rankOf(folder) == flow.size()) {
        broken.push_back(file + " lies in no folder of core that has a place in the flow");
        return;
    }
    for (const auto& include : reach(graph, file)) {
        const auto used = coreFolder(include);
        if (isQt(include))
            broken.push_back(file + " reaches " + include + ": core has no Qt");
        else if (startsWith(include, "app/") || startsWith(include, "widgets/"))
            broken.push_back(file + " reaches " + include + ": core knows no window");
        else if (startsWith(include, "core/") && (used.empty() || rankOf(used) > rankOf(folder)))
            broken.push_back(file + " reaches " + include + ", which comes later in the flow");
    }
}

void checkWidgets(const std::string& file, const IncludeGraph& graph, std::vector<std::string>& broken)
{
    for (const auto& include : reach(graph, file)) {
        const bool outside =
            startsWith(include, "app/") || (startsWith(include, "core/") && base.count(coreFolder(include)) == 0);
        if (outside || isTorch(include))
            broken.push_back(file + " reaches " + include + ": widgets know nanodit_base and Qt");
    }
}

void checkApp(const std::string& file, const IncludeGraph& graph, std::vector<std::string>& broken)
{
    for (const auto& include : graph.at(file)) {
        const auto folder = coreFolder(include);
        if (startsWith(include, "core/") && folder != "front" && base.count(folder) == 0)
            broken.push_back(file + " includes " + include + ": app knows the engine by core/front");
    }
    for (const auto& include : reach(graph, file)) {
        if (isTorch(include))
            broken.push_back(file + " reaches " + include + ": app knows nothing of LibTorch");
    }
}

} // namespace

const std::vector<std::string>& coreFolders()
{
    return flow;
}

IncludeGraph readIncludes(const fs::path& root, const std::vector<std::string>& folders)
{
    static const std::regex line(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re", std::regex::multiline);
    IncludeGraph graph;
    for (const auto& folder : folders) {
        for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
            const auto ending = entry.path().extension();
            if (ending != ".h" && ending != ".cpp")
                continue;
            const auto text = nanodit::readTextFile(entry.path());
            auto& includes = graph[fs::relative(entry.path(), root).generic_string()];
            for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it)
                includes.push_back((*it)[1]);
        }
    }
    return graph;
}

std::set<std::string> reach(const IncludeGraph& graph, const std::string& file)
{
    std::set<std::string> seen;
    std::vector<std::string> open = {file};
    while (!open.empty()) {
        const auto next = open.back();
        open.pop_back();
        const auto known = graph.find(next);
        if (known == graph.end())
            continue;
        for (const auto& include : known->second) {
            if (seen.insert(include).second)
                open.push_back(include);
        }
    }
    return seen;
}

std::vector<std::string> violations(const IncludeGraph& graph)
{
    std::vector<std::string> broken;
    for (const auto& [file, includes] : graph) {
        if (startsWith(file, "core/"))
            checkCore(file, graph, broken);
        else if (startsWith(file, "widgets/"))
            checkWidgets(file, graph, broken);
        else if (startsWith(file, "app/"))
            checkApp(file, graph, broken);
        for (const auto& include : includes) {
            if (include == "torch/torch.h")
                broken.push_back(file + " includes torch/torch.h: name the headers it needs");
        }
    }
    return broken;
}
