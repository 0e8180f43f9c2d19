#pragma once

#include "core/dataset/catalog.h"

#include <cstdint>
#include <string>
#include <vector>

namespace nanodit {

/// Those that are not excluded, by id. Throws DataError when there are none.
std::vector<Record> includedRecords(const Workspace& workspace, const Catalog& catalog);

/// The records with these ids (all when there are none), at most `sample` of them (0: all): a choice by a hash of the
/// id, which is the same each time and spread over the set. In the order given. Throws UsageError for an id that none
/// of them has.
std::vector<Record> chooseRecords(std::vector<Record> records, const std::vector<std::string>& ids,
                                  std::int64_t sample);

} // namespace nanodit
