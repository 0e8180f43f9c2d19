#pragma once

#include "core/io/torch_file.h"

#include <cstddef>
#include <deque>
#include <span>
#include <string>

namespace nanodit {

/// Rebuilds the objects of one Python pickle, protocols 0 to 5, without executing anything: the globals that it may
/// name are those in the table of pickle.cpp, and each is a rule for building a value here. Storages that tensors refer
/// to are described, not loaded. Objects are appended to `values`. `consumed` gets the length of the pickle. Throws
/// DataError.
const PtValue* readPickle(std::span<const std::byte> bytes, const std::string& name, std::deque<PtValue>& values,
                          std::size_t& consumed);

} // namespace nanodit
