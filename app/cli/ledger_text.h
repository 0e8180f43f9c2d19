#pragma once

#include "core/front/data.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace nanodit::cli {

/// Empty when the set is not packed.
std::optional<EpochLedger> ledgerIfPacked(const Workspace& workspace, const LedgerRequest& request);
/// A table by bucket, and the warnings.
std::string ledgerText(const EpochLedger& ledger);
/// With the ids of records that are not seen, seen twice, cropped.
nlohmann::json ledgerJson(const EpochLedger& ledger);

} // namespace nanodit::cli
