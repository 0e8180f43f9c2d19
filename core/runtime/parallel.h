#pragma once

#include <cstddef>
#include <functional>

namespace nanodit {

/// Calls `work(i)` for i in [0, count) on up to `threads` threads (0: as many as cores), the calling one among them,
/// and returns when all have ended. After an exception no further index is begun; the first one is rethrown here. Where
/// the system starts fewer threads than asked for, those that there are do all.
void forEachParallel(std::size_t count, const std::function<void(std::size_t)>& work, std::size_t threads = 0);

} // namespace nanodit
