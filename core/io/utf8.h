#pragma once

#include <cstddef>
#include <string_view>

namespace nanodit {

/// Bytes of the well-formed UTF-8 character that a text begins with (Unicode standard, table 3-7: neither overlong nor
/// a surrogate), or 0 where it begins with none. The text must not be empty.
std::size_t utf8CharacterBytes(std::string_view text);

/// Whether all of a text is well-formed UTF-8.
bool isUtf8(std::string_view text);

} // namespace nanodit
