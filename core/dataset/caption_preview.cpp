#include "core/dataset/caption_preview.h"

#include "core/dataset/record.h"
#include "core/dataset/record_info.h"

#include <algorithm>
#include <functional>
#include <sstream>

namespace nanodit {

bool isEmpty(const CaptionEdit& edit)
{
    return !edit.fromName && edit.find.empty() && edit.before.empty() && edit.after.empty();
}

std::vector<CaptionChange> captionChanges(std::span<const RecordInfo* const> records, const CaptionEdit& edit)
{
    std::vector<CaptionChange> changes;
    for (const auto* const record : records) {
        auto after = editedCaption(edit, record->caption, record->image.stem().string());
        if (after != record->caption)
            changes.push_back({record->id, record->caption, std::move(after)});
    }
    return changes;
}

void CaptionTags::add(const std::string& caption)
{
    std::istringstream parts(caption);
    for (std::string tag; std::getline(parts, tag, ',');) {
        if (tag = tidyCaption(tag); !tag.empty())
            ++counts_[tag];
    }
}

std::vector<std::pair<std::string, std::int64_t>> CaptionTags::sorted() const
{
    std::vector<std::pair<std::string, std::int64_t>> sorted(counts_.begin(), counts_.end());
    std::ranges::stable_sort(sorted, std::greater<>(), [](const auto& one) { return one.second; });
    return sorted;
}

} // namespace nanodit
