#include "core/dataset/passed_by.h"

#include "core/io/foreign_text.h"

#include <algorithm>

namespace nanodit {

std::string endingKind(std::string_view ending)
{
    constexpr std::size_t longest = 12;
    const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
    const auto isUsual = [isDigit](char c) { return isDigit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-'; };
    if (ending.empty() || ending.size() > longest || !std::ranges::all_of(ending, isUsual))
        return ".(other)";
    return std::ranges::all_of(ending, isDigit) ? ".(number)" : "." + std::string(ending);
}

void PassedBy::add(const std::string& kind, const std::string& example, const std::string& advice, std::int64_t count)
{
    const auto [entry, isNew] = kinds_.try_emplace(printableText(kind));
    if (isNew) {
        entry->second.example = printableText(example);
        entry->second.advice = advice;
    }
    entry->second.count += count;
}

void PassedBy::add(const PassedBy& others)
{
    for (const auto& [kind, what] : others.kinds())
        add(kind, what.example, what.advice, what.count);
}

std::int64_t PassedBy::count() const
{
    std::int64_t sum = 0;
    for (const auto& [kind, what] : kinds_)
        sum += what.count;
    return sum;
}

} // namespace nanodit
