#include "app/cli/report_text.h"

#include "app/cli/wording.h"
#include "core/runtime/number_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nanodit::cli {

namespace {

/// Names of files may hold line ends.
std::string onOneLine(std::string text)
{
    std::ranges::replace(text, '\n', ' ');
    return text;
}

} // namespace

std::string listText(const std::vector<Reject>& rejects, std::size_t most)
{
    std::string text;
    for (std::size_t i = 0; i < std::min(most, rejects.size()); ++i)
        text += "  " + onOneLine(rejects[i].what + ": " + noticeText(rejects[i].reason, rejects[i].remedy)) + "\n";
    if (rejects.size() > most)
        text += "  and " + std::to_string(rejects.size() - most) + " more (--json lists all)\n";
    return text;
}

nlohmann::json rejectsJson(const std::vector<Reject>& rejects)
{
    auto list = nlohmann::json::array();
    for (const auto& reject : rejects)
        list.push_back({{"what", reject.what}, {"reason", noticeText(reject.reason, reject.remedy)}});
    return list;
}

std::string count(std::int64_t n, const std::string& noun)
{
    return counted(n, noun);
}

std::string countsText(const std::map<std::string, std::int64_t>& counts)
{
    std::string text;
    for (const auto& [name, number] : counts)
        text += (text.empty() ? "" : ", ") + name + " " + std::to_string(number);
    return text;
}

std::string inputName(ArrayInput input)
{
    switch (input) {
    case ArrayInput::Picture:
        return "picture";
    case ArrayInput::Caption:
        return "caption";
    case ArrayInput::Bucket:
        return "bucket";
    case ArrayInput::PassSettings:
        return "settings";
    case ArrayInput::Encoder:
        return "encoder";
    }
    return {};
}

std::map<std::string, std::int64_t> byName(const std::map<ArrayInput, std::int64_t>& counts)
{
    std::map<std::string, std::int64_t> named;
    for (const auto& [input, number] : counts)
        named[inputName(input)] = number;
    return named;
}

} // namespace nanodit::cli
