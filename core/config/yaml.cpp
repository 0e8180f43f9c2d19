#include "core/config/yaml.h"

#include "core/config/path_visitor.h"
#include "core/config/settings.h"
#include "core/io/file_kind.h"
#include "core/io/foreign_text.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace nanodit {

namespace {

/// " (line 12)" where a node was read from a file or a text of several lines; "" where it was made.
std::string atLine(const YAML::Node& node)
{
    return node.Mark().line >= 0 ? " (line " + std::to_string(node.Mark().line + 1) + ")" : "";
}

/// A text of a configuration as messages show it: the beginning of a long one.
std::string shownText(const std::string& text)
{
    return shortenedText(text, 80);
}

/// Every key that a configuration knows: dotted names of groups and fields.
class KeyCollector final : public PathVisitor {
public:
    std::set<std::string> fields, groups;

    void beginGroup(std::string_view key, std::string_view help) override
    {
        groups.insert(dotted(key));
        PathVisitor::beginGroup(key, help);
    }
    void field(const FieldInfo& info, bool&) override { add(info); }
    void field(const FieldInfo& info, std::int64_t&) override { add(info); }
    void field(const FieldInfo& info, double&) override { add(info); }
    void field(const FieldInfo& info, std::string&) override { add(info); }
    void field(const FieldInfo& info, std::array<double, 2>&) override { add(info); }
    void field(const FieldInfo& info, std::vector<std::string>&) override { add(info); }
    void choice(const FieldInfo& info, std::string&, std::span<const std::string_view>) override { add(info); }

private:
    void add(const FieldInfo& info) { fields.insert(dotted(info.key)); }
};

/// Fills fields from a YAML tree and notes what does not fit.
class Reader final : public PathVisitor {
public:
    explicit Reader(const YAML::Node& root) { nodes_.push_back(root); }

    std::vector<ConfigIssue> issues;

    void beginGroup(std::string_view key, std::string_view help) override
    {
        const auto child = find(key);
        if (child && !child->IsMap() && !child->IsNull())
            issues.push_back(
                {dotted(key), "is a group of settings, so it needs indented \"key: value\" lines below it"});
        nodes_.push_back(child && child->IsMap() ? *child : YAML::Node());
        PathVisitor::beginGroup(key, help);
    }
    void endGroup() override
    {
        nodes_.pop_back();
        PathVisitor::endGroup();
    }

    void field(const FieldInfo& info, bool& value) override { scalar(info, value, "true or false"); }
    void field(const FieldInfo& info, double& value) override { scalar(info, value, "a number"); }
    void field(const FieldInfo& info, std::string& value) override { scalar(info, value, "a text"); }

    void field(const FieldInfo& info, std::int64_t& value) override
    {
        const auto node = find(info.key);
        if (!node)
            return;
        const auto text = node->IsScalar() ? node->Scalar() : std::string();
        std::int64_t exact = 0;
        const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
        if (error == std::errc::result_out_of_range)
            return complain(info, *node, "a whole number of at most 64 bits with a sign");
        if (error == std::errc{} && last == text.data() + text.size()) { // no double holds all of a seed
            value = exact;
            return;
        }
        double number = 0; // accepts 1e6 as well as 1000000
        if (!node->IsScalar() || !YAML::convert<double>::decode(*node, number) || number != std::floor(number) ||
            std::abs(number) > 9.007e15)
            complain(info, *node, "a whole number");
        else
            value = static_cast<std::int64_t>(number);
    }

    void field(const FieldInfo& info, std::array<double, 2>& value) override
    {
        const auto node = find(info.key);
        if (!node)
            return;
        std::array<double, 2> numbers{};
        bool good = node->IsSequence() && node->size() == numbers.size();
        for (std::size_t i = 0; good && i < numbers.size(); ++i) { // item by item: decoding a whole list throws
            const auto item = (*node)[i];
            good = item.IsScalar() && YAML::convert<double>::decode(item, numbers[i]);
        }
        if (good)
            value = numbers;
        else
            complain(info, *node, "two numbers, like [0.9, 0.95]");
    }

    void field(const FieldInfo& info, std::vector<std::string>& value) override
    {
        const auto node = find(info.key);
        if (!node)
            return;
        if (!node->IsSequence())
            return complain(info, *node, "a list, like [a, b]");
        std::vector<std::string> texts;
        bool good = true;
        for (std::size_t i = 0; i < node->size(); ++i) {
            const auto item = (*node)[i];
            if (item.IsScalar())
                texts.push_back(item.Scalar());
            else
                rejectItem(info, i, "a list of texts, like [a, b]");
            good &= item.IsScalar();
        }
        if (good)
            value = std::move(texts);
    }

    void choice(const FieldInfo& info, std::string& value, std::span<const std::string_view> names) override
    {
        const auto node = find(info.key);
        if (!node)
            return;
        const std::string text = node->IsScalar() ? node->Scalar() : "";
        if (std::find(names.begin(), names.end(), text) == names.end())
            complain(info, *node, "one of " + joined(names));
        else
            value = text;
    }

    void rejectItem(const FieldInfo& info, std::size_t item, std::string_view expected) override
    {
        const auto node = find(info.key);
        if (!node || !node->IsSequence() || item >= node->size())
            return PathVisitor::rejectItem(info, item, expected);
        const auto found = (*node)[item];
        issues.push_back({dotted(info.key), "must be " + std::string(expected) + ", but item " +
                                                std::to_string(item + 1) + " is " + described(found)});
    }

private:
    std::vector<YAML::Node> nodes_;

    std::optional<YAML::Node> find(std::string_view key) const
    {
        const auto& parent = nodes_.back();
        if (!parent.IsMap())
            return std::nullopt;
        const YAML::Node child = parent[std::string(key)];
        if (!child.IsDefined())
            return std::nullopt;
        return child;
    }

    template<typename T>
    void scalar(const FieldInfo& info, T& value, const char* expected)
    {
        const auto node = find(info.key);
        if (!node)
            return;
        if constexpr (std::is_same_v<T, std::string>) {
            if (node->IsNull()) {
                value.clear();
                return;
            }
        }
        T read{};
        if (!node->IsScalar() || !YAML::convert<T>::decode(*node, read))
            complain(info, *node, expected);
        else
            value = std::move(read);
    }

    void complain(const FieldInfo& info, const YAML::Node& found, const std::string& expected)
    {
        issues.push_back({dotted(info.key), "must be " + expected + ", but is " + described(found)});
    }

    /// "\"fast\" (line 12)"
    static std::string described(const YAML::Node& found)
    {
        const std::string text = found.IsScalar() ? "\"" + shownText(found.Scalar()) + "\""
                                 : found.IsNull() ? "nothing"
                                                  : "a list or group";
        return text + atLine(found);
    }
};

/// Keys that are not known, and keys that are there more than once.
void checkKeys(const YAML::Node& node, const std::string& prefix, const KeyCollector& known,
               std::vector<ConfigIssue>& issues)
{
    std::map<std::string, int> lines; ///< Where each key was seen.
    for (const auto& entry : node) {
        const auto key = prefix + (entry.first.IsScalar() ? entry.first.Scalar() : "a list or group");
        const int line = entry.first.Mark().line + 1;
        if (const auto [seen, isNew] = lines.emplace(key, line); !isNew) {
            issues.push_back({key, "occurs twice (lines " + std::to_string(seen->second) + " and " +
                                       std::to_string(line) + "): keep one of them"});
            continue;
        }
        if (known.groups.count(key) != 0) {
            if (entry.second.IsMap())
                checkKeys(entry.second, key + ".", known, issues);
            continue;
        }
        if (known.fields.count(key) != 0)
            continue;
        std::vector<std::string> all(known.fields.begin(), known.fields.end());
        all.insert(all.end(), known.groups.begin(), known.groups.end());
        if (key.ends_with("<<")) {
            issues.push_back(
                {key, "is a merge key" + atLine(entry.first) + ", which is not read: write what it stands for"});
            continue;
        }
        const auto near = nearestName(key, all);
        issues.push_back({shownText(key), "is not a known setting" + atLine(entry.first) +
                                              (near.empty() ? "" : "; did you mean \"" + near + "\"?")});
    }
}

class RangeChecker final : public PathVisitor {
public:
    std::vector<ConfigIssue> issues;
    void field(const FieldInfo&, bool&) override {}
    void field(const FieldInfo& info, std::int64_t& value) override { check(info, static_cast<double>(value)); }
    void field(const FieldInfo& info, double& value) override { check(info, value); }
    void field(const FieldInfo&, std::string&) override {}
    void field(const FieldInfo& info, std::array<double, 2>& value) override
    {
        check(info, value[0]);
        check(info, value[1]);
    }
    void field(const FieldInfo&, std::vector<std::string>&) override {}
    void choice(const FieldInfo& info, std::string& value, std::span<const std::string_view> names) override
    {
        if (std::find(names.begin(), names.end(), value) == names.end())
            issues.push_back({dotted(info.key), "must be one of " + joined(names) + ", but is \"" + value + "\""});
    }

private:
    void check(const FieldInfo& info, double value)
    {
        if (value >= info.minimum && value <= info.maximum)
            return; // a NaN is in no range
        std::string range = "at least " + numberText(info.minimum);
        if (info.minimum == info.maximum)
            range = numberText(info.minimum);
        else if (std::isfinite(info.minimum) && std::isfinite(info.maximum))
            range = "between " + numberText(info.minimum) + " and " + numberText(info.maximum);
        else if (std::isfinite(info.maximum))
            range = "at most " + numberText(info.maximum);
        const auto unit = info.unit.empty() ? "" : " " + std::string(info.unit);
        issues.push_back({dotted(info.key), "must be " + range + unit + ", but is " + numberText(value)});
    }
};

/// The line, from 1, at which the value of a dotted key begins; 0 where the key is not there.
int lineOf(const YAML::Node& root, const std::string& key)
{
    auto node = root;
    for (std::size_t begin = 0; begin <= key.size();) {
        const auto end = std::min(key.find('.', begin), key.size());
        if (!node.IsMap())
            return 0;
        const auto map = node;
        const YAML::Node child = map[key.substr(begin, end - begin)];
        if (!child.IsDefined())
            return 0;
        node.reset(child);
        begin = end + 1;
    }
    return node.Mark().line + 1;
}

void readNode(const YAML::Node& root, const std::string& source, const VisitFunction& visit)
{
    if (!root.IsMap() && !root.IsNull())
        throw ConfigError(source + " must hold \"key: value\" lines, but holds a single value or a list");
    KeyCollector known;
    visit(known);
    Reader reader(root);
    visit(reader);
    if (root.IsMap())
        checkKeys(root, "", known, reader.issues);
    throwIfAny(reader.issues, source);
}

} // namespace

void readYaml(const std::string& text, const std::string& source, const VisitFunction& visit)
{
    const auto utf8 = utf8FromFile(text);
    if (!utf8)
        throw ConfigError(source + " is not UTF-8 text: save it as UTF-8");
    const auto kind = fileKindOf(std::as_bytes(std::span(text.data(), text.size())));
    if (kind == FileKind::GitLfsPointer || kind == FileKind::WebPage)
        throw ConfigError(wrongKindMessage(source, kind, "a configuration"));
    if (utf8->find_first_not_of(" \t\r\n") == std::string::npos) // a crash or a full disk leaves it so
        throw ConfigError(source + " is empty: put a complete one in its place, or set something in it");
    YAML::Node root;
    try {
        const auto documents = YAML::LoadAll(*utf8);
        if (!documents.empty())
            root.reset(documents.front());
        for (std::size_t i = 1; i < documents.size(); ++i) {
            if (!documents[i].IsNull())
                throw ConfigError(source + " holds several documents, the second from line " +
                                  std::to_string(documents[i].Mark().line + 1) +
                                  " on: remove the line --- between them, or what does not belong here");
        }
    } catch (const YAML::Exception& error) {
        throw ConfigError(source + " is not valid YAML at line " + std::to_string(error.mark.line + 1) + ", column " +
                          std::to_string(error.mark.column + 1) +
                          ": check indentation, colons, quotes and brackets there");
    }
    readNode(root, source, visit);
}

namespace {

/// A value of the command line: a list or a group in brackets, a text in quotes and null are read as YAML; all else is
/// what it says, also where a file would take a part of it for a comment or another setting.
YAML::Node valueNode(const std::string& value)
{
    try {
        const auto documents = YAML::LoadAll(value);
        if (documents.size() == 1) {
            const auto& node = documents.front();
            const bool inBrackets = (node.IsSequence() || node.IsMap()) && node.Style() == YAML::EmitterStyle::Flow;
            const bool inQuotes = node.IsScalar() && node.Tag() == "!"; // as YAML names what is not plain
            if (inBrackets || inQuotes || node.IsNull())
                return node;
        }
    } catch (const YAML::Exception&) { // then it is not meant as YAML
    }
    constexpr auto blanks = " \t\n";
    const auto first = value.find_first_not_of(blanks), last = value.find_last_not_of(blanks);
    return first == std::string::npos ? YAML::Node(YAML::NodeType::Null)
                                      : YAML::Node(value.substr(first, last - first + 1));
}

} // namespace

void setField(const std::string& assignment, const VisitFunction& visit)
{
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
        throw ConfigError("\"" + assignment + "\" is not KEY=VALUE, for example optimiser.lr=1e-4");
    if (!isUtf8(assignment))
        throw ConfigError("the setting " + printableText(assignment) + " is not UTF-8 text");
    auto node = valueNode(assignment.substr(equals + 1));
    for (auto key = assignment.substr(0, equals);;) { // from the field out to the root
        const auto dot = key.rfind('.');
        YAML::Node group(YAML::NodeType::Map);
        group[key.substr(dot + 1)] = node; // npos + 1 is 0
        node.reset(group);
        if (dot == std::string::npos)
            break;
        key.resize(dot);
    }
    readNode(node, "the setting " + assignment, visit);
}

std::vector<ConfigIssue> rangeIssues(const VisitFunction& visit)
{
    RangeChecker checker;
    visit(checker);
    return checker.issues;
}

void throwIfAny(const std::vector<ConfigIssue>& issues, const std::string& source)
{
    if (issues.empty())
        return;
    std::string message = source + ": ";
    for (std::size_t i = 0; i < issues.size(); ++i)
        message += (i == 0 ? "" : "; ") + issues[i].key + " " + issues[i].message;
    throw ConfigError(message);
}

void throwIfAny(const std::vector<ConfigIssue>& issues, const std::string& source, const std::string& yaml)
{
    if (issues.empty())
        return;
    auto located = issues;
    const auto root = YAML::Load(utf8FromFile(yaml).value_or(yaml)); // which was read before
    for (auto& issue : located) {
        if (const int line = lineOf(root, issue.key); line > 0)
            issue.message += " (line " + std::to_string(line) + ")";
    }
    throwIfAny(located, source);
}

std::vector<FieldDifference> differences(const std::vector<VisitFunction>& configurations)
{
    std::vector<FieldDifference> fields;
    for (std::size_t i = 0; i < configurations.size(); ++i) {
        if (!configurations[i])
            continue;
        const auto values = settingsOf(configurations[i]);
        fields.resize(values.size(), {.key = {}, .values = std::vector<std::string>(configurations.size())});
        for (std::size_t k = 0; k < values.size(); ++k) {
            fields[k].key = values[k].key;
            fields[k].values[i] = values[k].value;
        }
    }
    std::erase_if(fields, [](const FieldDifference& field) {
        return std::ranges::all_of(field.values, [&field](const auto& text) { return text == field.values.front(); });
    });
    return fields;
}

} // namespace nanodit
