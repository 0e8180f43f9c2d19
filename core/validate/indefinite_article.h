#pragma once

#include <cstddef>
#include <string>

namespace nanodit {

/// Makes the article that stands right before a place in an English text, if one does, "a" or "an" as the letter there
/// asks for.
void setIndefiniteArticle(std::string& text, std::size_t at);

} // namespace nanodit
