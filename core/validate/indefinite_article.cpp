#include "core/validate/indefinite_article.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace nanodit {

void setIndefiniteArticle(std::string& text, std::size_t at)
{
    const auto lower = [&text](std::size_t i) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
    };
    const bool vowel = at < text.size() && std::string_view("aeiou").find(lower(at)) != std::string_view::npos;
    for (const std::string_view old : {"an ", "a "}) {
        if (at < old.size() || at > text.size())
            continue;
        const auto from = at - old.size();
        const bool begins = from == 0 || std::isalpha(static_cast<unsigned char>(text[from - 1])) == 0;
        const bool same = text.compare(from + 1, old.size() - 1, old.substr(1)) == 0 && lower(from) == 'a';
        if (begins && same) {
            text.replace(from + 1, old.size() - 1, vowel ? "n " : " "); // the "a" keeps its capital
            return;
        }
    }
}

} // namespace nanodit
