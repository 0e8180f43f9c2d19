#pragma once

namespace nanodit {

/// Puts a file that takes and gives nothing in the place of each standard stream that is closed (`nanodit ... 2>&-`);
/// to be called before files are opened. The next file would otherwise take its number, and with it what is printed.
void holdStandardStreams();

} // namespace nanodit
