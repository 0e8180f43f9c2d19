#pragma once

#include "core/dataset/caption_edits.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nanodit {

struct RecordInfo;

/// Whether the edit asks for nothing.
bool isEmpty(const CaptionEdit& edit);

/// What previewCaptionEdit says of records that are at hand already; reads nothing. Any thread.
std::vector<CaptionChange> captionChanges(std::span<const RecordInfo* const> records, const CaptionEdit& edit);

/// How often each tag stands in captions, split at their commas.
class CaptionTags {
public:
    void add(const std::string& caption);
    /// Most frequent first; equal ones by name.
    std::vector<std::pair<std::string, std::int64_t>> sorted() const;

private:
    std::map<std::string, std::int64_t> counts_;
};

} // namespace nanodit
