#pragma once

/// Small JSON files in which the program keeps what people gave it: notes, tags, a queue. There is one rule for one
/// that is damaged: it is moved to NAME.damaged beside it, never overwritten and never lost, and a person is told.

#include <string>

namespace nanodit {

/// What such a file held; read by core/io/own_file_reading.h.
template<typename Value>
struct OwnFile {
    Value value = {};        ///< As without a file where it was damaged.
    std::string damage = {}; ///< The sentence to tell of a damaged file; "" of a good one, and without one.
};

} // namespace nanodit
