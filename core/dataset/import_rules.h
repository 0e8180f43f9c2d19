#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/dataset/duplicates.h"
#include "core/dataset/fingerprint_store.h"
#include "core/dataset/record.h"
#include "core/runtime/job.h"

#include <map>
#include <optional>
#include <string>

namespace nanodit {

// Import's rules take records out of passes and packing. A reason is "RULE: what was found"; the rules are "broken",
// "animation", "too small", "extreme aspect ratio", "exact duplicate" and "near duplicate".

/// "near duplicate" of "near duplicate: of cats__tabby, 3 of 64 bits differ"
std::string ruleOf(const std::string& reason);

/// Why a picture that could not be decoded is excluded.
std::string brokenReason(const std::string& what);
/// Pictures that could not be decoded have no size.
bool isBroken(const Record& record);

/// The reason that a picture gives by itself: broken, animation, too small, extreme aspect ratio; empty when it gives
/// none. Where animations are left out, the head of its file is read.
std::string reasonOfPicture(const Record& record, const ExclusionRules& rules);
/// The same; without one, that it was found to be a duplicate, which only applyRules can judge again.
std::string reasonOfPictureOrDuplicate(const Record& record, const ExclusionRules& rules);

/// Whether this is why a record is excluded.
bool isDuplicateReason(const std::string& excluded);
/// What the look-up of duplicates needs of a record.
DuplicateCandidate candidateOf(Record record, const FingerprintStore& fingerprints);

/// Goes over all records and excludes or takes in those that no person has decided on; the same for the same catalog
/// (and files, where animations are left out), however it came about. Gives the reason by id of every record that is
/// excluded by rule. Empty when stopped, with nothing changed.
std::optional<std::map<std::string, std::string>> applyRules(Catalog& catalog, const ExclusionRules& rules,
                                                             const JobContext& context);

} // namespace nanodit
