#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

/// The sources of a tree and what each includes, as written: "core/io/npy.h" -> {"core/io/array.h", "vector", ...}.
using IncludeGraph = std::map<std::string, std::vector<std::string>>;

/// Reads every .h and .cpp below these folders of `root`.
IncludeGraph readIncludes(const std::filesystem::path& root, const std::vector<std::string>& folders);

/// The folders of core, lowest first: each may use those before it.
const std::vector<std::string>& coreFolders();

/// What a file includes, directly or through other files of the graph.
std::set<std::string> reach(const IncludeGraph& graph, const std::string& file);

/// The rules of docs/architecture.md that the graph breaks, a sentence each.
std::vector<std::string> violations(const IncludeGraph& graph);
