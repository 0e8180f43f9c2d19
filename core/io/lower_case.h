#pragma once

#include <algorithm>
#include <string>

namespace nanodit {

/// The text with a to z in place of A to Z, whatever the locale; all other letters stay. For endings, keys and names
/// that others write in capitals or not.
inline std::string lowerCased(std::string text)
{
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

} // namespace nanodit
