#pragma once

#include <string>
#include <string_view>

namespace nanodit {

/// A name in the form in which it equals all others that mean the same on some system: Windows and macOS know no
/// capitals in names, and macOS writes an e and an acute accent where others write one letter. Capitals count as small
/// ones from A to Z, with marks or without; letters with marks are taken apart. Only for comparisons, never as a name.
std::string comparableName(std::string_view name);

} // namespace nanodit
