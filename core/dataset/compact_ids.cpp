#include "core/dataset/compact_ids.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace nanodit {

namespace {

/// No place of an id: a slot without one, an id that was handed out.
constexpr auto noPlace = std::numeric_limits<std::uint64_t>::max();

std::uint64_t hashOfText(std::string_view text)
{
    return std::hash<std::string_view>{}(text);
}

} // namespace

std::uint64_t IdText::add(std::string_view id)
{
    const auto place = text_.size();
    text_ += id;
    text_ += '\0';
    return place;
}

std::size_t IdSet::slotOf(std::string_view id) const
{
    const auto mask = slots_.size() - 1;
    auto slot = static_cast<std::size_t>(hashOfText(id)) & mask;
    while (slots_[slot] != noPlace && text_.at(slots_[slot]) != id)
        slot = (slot + 1) & mask;
    return slot;
}

bool IdSet::contains(std::string_view id) const
{
    return size_ > 0 && slots_[slotOf(id)] != noPlace;
}

bool IdSet::insert(std::string_view id)
{
    // Full to two thirds at most, or the ways to a free slot become long.
    if (3 * (size_ + 1) > 2 * slots_.size())
        grow();
    const auto slot = slotOf(id);
    if (slots_[slot] != noPlace)
        return false;
    slots_[slot] = text_.add(id);
    ++size_;
    return true;
}

void IdSet::grow()
{
    const auto before = std::move(slots_);
    slots_.assign(std::max<std::size_t>(1024, 2 * before.size()), noPlace);
    for (const auto place : before) {
        if (place != noPlace)
            slots_[slotOf(text_.at(place))] = place;
    }
}

void IdsByHash::add(std::string_view imageHash, std::string_view id)
{
    entries_.push_back({.hash = hashOfText(imageHash), .place = text_.add(id)});
    sorted_ = false;
}

std::optional<std::string> IdsByHash::take(std::string_view imageHash)
{
    if (!sorted_)
        std::ranges::stable_sort(entries_, {}, &Entry::hash);
    sorted_ = true;
    const auto those = std::ranges::equal_range(entries_, hashOfText(imageHash), {}, &Entry::hash);
    const auto next = std::ranges::partition_point(those, [](const Entry& entry) { return entry.place == noPlace; });
    if (next == those.end())
        return std::nullopt;
    const std::string id(text_.at(next->place));
    next->place = noPlace;
    return id;
}

} // namespace nanodit
